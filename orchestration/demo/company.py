"""Writes the demo company: DuckDB builds it from ``sql/``, this module lands it as files."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import resources
from json import dumps
from pathlib import Path

import duckdb

from orchestration.demo import plan, words

#: Levels of one euro in currencies that a reporting currency may need beside those that are billed.
_EXTRA_LEVELS = {
    "AUD": Decimal("1.6500"),
    "CAD": Decimal("1.4800"),
    "CHF": Decimal("0.9600"),
    "CZK": Decimal("25.1000"),
    "DKK": Decimal("7.4600"),
    "NOK": Decimal("11.6000"),
    "PLN": Decimal("4.3000"),
    "SEK": Decimal("11.3000"),
}
_BILLED = ("EUR", "USD", "GBP", "JPY", "BHD")

#: At most about this many entries of the demo company are delivered in camt and MT940; the rest of
#: a large company arrives on collection accounts as CSV.
_CAMT_ENTRIES = 15_000
_MT940_ENTRIES = 6_000

_HEADERS = {
    "billing_invoices": (
        "invoice_id,invoice_number,document_type,customer_id,issued_at,due_date,currency,"
        "total_amount,tax_amount,status,related_invoice_id,purchase_order_number,payment_terms,"
        "withholding_rate,idempotency_key,source_system,updated_at"
    ),
    "gateway_payouts": (
        "gateway,payout_id,amount,currency,created_at,arrival_date,bank_reference,status"
    ),
    "bank_transactions": (
        "account_id,entry_id,booking_date,value_date,amount,currency,counterparty_name,"
        "counterparty_account,remittance_information,end_to_end_id,bank_transaction_code,"
        "statement_id,original_amount,original_currency"
    ),
    "crm_customers": (
        "customer_id,legal_name,aliases,bank_accounts,country,tier,email,parent_customer_id,"
        "payment_terms,segment"
    ),
    "remittance_advice_lines": (
        "remittance_id,line_id,payment_reference,customer_id,invoice_reference,amount,currency,"
        "received_at"
    ),
    "bank_accounts": (
        "account_id,currency,name,ledger_account_code,opening_balance,opening_date,time_zone"
    ),
    "fx_rates": "rate_date,base_currency,quote_currency,source,rate",
    "vendor_invoices": (
        "vendor_invoice_id,line_id,vendor_invoice_number,vendor_id,purchase_order_number,"
        "purchase_order_line_id,quantity,unit_price,amount,currency,invoice_date"
    ),
}


#: Files that start with a byte order mark.
_WITH_BOM = ("customers_acquired.csv",)


@dataclass(frozen=True)
class DemoSummary:
    """What was generated. Counts are numbers of things, not of money.

    ``due_invoices`` are open ones with a due date up to ``end``; ``closable_invoices`` those of
    them that the classes in ``plan.CLOSABLE`` close.

    ``files`` maps a feed to its number of files, ``rows`` to its number of landed records,
    ``faults`` a planted fault to its number, ``cases`` a case class of ``invoice_to_receipt`` to
    its number of true matches.
    """

    seed: int
    invoices: int
    months: int
    end: str
    customers: int
    documents: int
    bank_lines: int
    gateway_transactions: int
    payouts: int
    due_invoices: int
    closable_invoices: int
    files: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _TextFile:
    """A family of landed text files: a view of lines that names its file in each row."""

    feed: str
    view: str
    header: bool
    order: str = "o1, o2"


_TEXT_FILES = (
    _TextFile("crm_customers", "customer_json_file", False, "o1"),
    _TextFile("crm_customers", "customer_csv_file", True, "o1"),
    _TextFile("bank_accounts", "own_account_file", True, "o1"),
    _TextFile("fx_rates", "rate_file", True),
    _TextFile("billing_invoices", "invoice_lines_file", True),
    _TextFile("billing_invoices", "correction_file", True),
    _TextFile("billing_invoice_lines", "line_item_file", False),
    _TextFile("gateway_transactions", "gateway_file", False),
    _TextFile("gateway_payouts", "payout_file", True),
    _TextFile("bank_transactions", "account_file", True),
    _TextFile("bank_transactions", "portal_file", True),
    _TextFile("remittance_advice_lines", "advice_file", True),
    _TextFile("vendor_invoices", "vendor_file", True),
    _TextFile("bank_statements", "camt_file", False),
    _TextFile("bank_statements", "notification_file", False),
    _TextFile("bank_statements", "overlap_file", False),
    _TextFile("bank_statements", "mt940_file", False, "o1, o2, o3"),
)


def generate(
    landing: Path,
    truth: Path,
    *,
    seed: int = 7,
    invoices: int = 5000,
    months: int = 6,
    end: date,
    reporting_currency: str = "EUR",
    recent_days: int = 0,
) -> DemoSummary:
    """Write a seeded demo company into ``landing`` and what is true about it into ``truth``.

    The company's history covers ``months`` months up to and including the day ``end``; the same
    arguments give the same bytes. ``invoices`` counts regular invoices: duplicates and credit
    memos come on top. Files get modification times inside the history. With ``recent_days`` the
    facts of that many last days (and the last week's statements) stand in files of their own,
    named ``*_recent.*``: held back at first, they are the next delivery of a loaded company.

    Raises ``ValueError`` for a size that makes no company, or a reporting currency without rates.
    Raises ``FileExistsError`` when ``landing`` or ``truth`` already holds files.
    """
    if invoices < 100:
        raise ValueError(f"invoices is {invoices}: a demo company needs at least 100")
    if not 2 <= months <= 60:
        raise ValueError(f"months is {months}: the history is between 2 and 60 months")
    if not 0 <= recent_days <= 28:
        raise ValueError(f"recent_days is {recent_days}: between 0 and 28 days can be held back")
    if seed < 0:
        raise ValueError(f"seed is {seed}: it must not be negative")
    if reporting_currency not in _BILLED and reporting_currency not in _EXTRA_LEVELS:
        known = ", ".join(sorted((*_BILLED, *_EXTRA_LEVELS)))
        raise ValueError(f"no rates for reporting currency {reporting_currency!r}; known: {known}")
    for folder in (landing, truth):
        if folder.exists() and any(path.is_file() for path in folder.rglob("*")):
            raise FileExistsError(f"{folder} already holds files; give an empty folder")
        folder.mkdir(parents=True, exist_ok=True)

    with tempfile.TemporaryDirectory(dir=truth) as scratch:
        with duckdb.connect(":memory:") as connection:
            connection.execute("set memory_limit = '2GB'")
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"set temp_directory = '{scratch}/spill'")
            _set_variables(connection, seed, invoices, months, end, reporting_currency, recent_days)
            _build(connection, invoices)
            _land(connection, landing, end)
            _write_truth(connection, truth)
            summary = _summarize(connection, landing, seed, invoices, months, end)
    (truth / "summary.json").write_text(
        dumps(asdict(summary), indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    return summary


def months_before(day: date, months: int) -> date:
    """The day after the same day ``months`` months earlier (clamped to the month's length)."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last) + timedelta(days=1)
            except ValueError:
                continue
    raise AssertionError("every month has a 28th")


def _set_variables(
    connection: duckdb.DuckDBPyConnection,
    seed: int,
    invoices: int,
    months: int,
    end: date,
    reporting_currency: str,
    recent_days: int,
) -> None:
    start = months_before(end, months)
    weeks = ((end - start).days + 1 + 6) // 7
    extra = None if reporting_currency in _BILLED else reporting_currency
    values: dict[str, object] = {
        "seed": seed,
        "invoices": invoices,
        "months": months,
        "start_date": start,
        "end_date": end,
        "recent_from": end + timedelta(days=1 - recent_days),
        "days": (end - start).days + 1,
        "customers": max(30, invoices // max(15, 2 * months)),
        "heads": list(words.HEADS),
        "tails": list(words.TAILS),
        "trades": list(words.TRADES),
        "suppliers": list(words.SUPPLIERS),
        "extra_quote": extra,
        "extra_level": _EXTRA_LEVELS[extra] if extra else None,
        "camt_share": min(8000, _CAMT_ENTRIES * 10_000 // max(1, invoices * 36 // 100)),
        "mt940_share": min(10_000, _MT940_ENTRIES * 10_000 // max(1, invoices * 6 // 100)),
        "twin_payments": plan.TWIN_PAYMENTS.count(invoices),
        "lumps": plan.LUMPS.count(invoices),
        "cards_on_issue": plan.CARD_ON_ISSUE.count(invoices),
        "unidentified": plan.UNIDENTIFIED.count(invoices),
        "twin_fees": min(30, plan.TWIN_FEES.count(invoices)),
        "payout_faults": max(1, min(20, invoices // 2500)),
        "ledger_faults": max(2, min(100, invoices // 1000)),
        "batches": 6,
        "bad_rows": max(1, min(50, invoices // 2500)),
        "late_week": weeks // 3,
        "overlap_week": weeks // 2,
    }
    for name, value in values.items():
        slot = "cast(? as bigint)" if isinstance(value, int) else "?"
        connection.execute(f"set variable {name} = {slot}", [value])


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    script = resources.files("orchestration.demo") / "sql" / name
    connection.execute(script.read_text(encoding="utf-8"))


def _build(connection: duckdb.DuckDBPyConnection, invoices: int) -> None:
    _run(connection, "10_world.sql")
    _run(connection, "20_invoices.sql")
    for case, pool in (
        (plan.VOID, "issue_date <= getvariable('end_date') - 5"),
        (plan.DRAFT, "issue_date > getvariable('end_date') - 20 and status = 'open'"),
    ):
        connection.execute(
            f"update inv set status = '{case.name}' where i in ({_draw(case, pool, invoices)})"
        )
    _run(connection, "30_lumps.sql")
    _run(connection, "35_marks.sql")
    _assign_fates(connection, invoices)
    connection.execute(
        "update inv set payment_terms = '2/10 net 30' where fate = 'short_discount';"
        "update inv set withholding_rate = '0.10' where fate = 'short_withholding';"
    )
    _run(connection, "40_payments.sql")
    _run(connection, "45_vendors.sql")
    _run(connection, "50_gateway.sql")
    _map_buckets(connection)
    _run(connection, "55_payouts.sql")
    _run(connection, "60_bank.sql")
    connection.execute(
        "update statement set planted_error = 1000 where week = getvariable('overlap_week') + 3"
    )
    _run(connection, "70_documents.sql")
    _run(connection, "80_feeds.sql")
    _run(connection, "81_camt.sql")
    _run(connection, "82_mt940.sql")
    _run(connection, "83_master_data.sql")
    _run(connection, "85_ledger.sql")
    _run(connection, "90_truth.sql")


def _assign_fates(connection: duckdb.DuckDBPyConnection, invoices: int) -> None:
    """Draw the planted cases: one random order of all ordinary invoices serves them in turn."""
    connection.execute(
        f"""create table pool as
        select i, channel, currency, draw('fate', i, 1000000000000) as place
        from inv
        where status = 'open' and fate is null and unlisted is null
            and pay_date <= getvariable('end_date') - {plan.SETTLED_DAYS}
            and due_date <= getvariable('end_date') - {plan.SETTLED_DAYS};
        create table fated (i bigint, fate varchar, is_mark boolean);"""
    )
    for cases, is_mark in ((plan.FATES, False), (plan.MARKS, True)):
        for case in cases:
            connection.execute(
                f"insert into fated select i, '{case.name}', {is_mark} from pool"
                f" where {case.pool} and i not in (select i from fated)"
                f" order by place, i limit {case.count(invoices)}"
            )
    connection.execute(
        """insert into marked select i, fate from fated where is_mark;
        update inv set fate = fated.fate from fated
        where inv.i = fated.i and not fated.is_mark;"""
    )


def _draw(case: plan.Case, pool: str, invoices: int) -> str:
    """The query that draws a case's invoices from a pool in the seed's order."""
    return (
        f"select i from inv where {pool}"
        f" order by draw('{case.name}', i, 1000000000000), i limit {case.count(invoices)}"
    )


def _map_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every bucket its payout date: one that nets to nothing or less waits for the next.

    Where the gateway takes the balance from the account, it is a payout below zero.
    """
    taken = set(
        connection.execute("select gateway, currency, payout_bucket from taken_bucket").fetchall()
    )
    buckets = connection.execute(
        "select gateway, currency, payout_bucket, cast(sum(amount - fee) as bigint) from gtx"
        " where payout_bucket is not null group by all order by gateway, currency, payout_bucket"
    ).fetchall()
    mapped: list[tuple[str, str, date, date | None]] = []
    waiting: list[date] = []
    balance = 0
    for place, (gateway, currency, day, net) in enumerate(buckets):
        waiting.append(day)
        balance += net
        last = place + 1 == len(buckets) or buckets[place + 1][:2] != (gateway, currency)
        is_paid = balance > 0 or (balance < 0 and (gateway, currency, day) in taken)
        if is_paid or last:
            paid_on = day if is_paid else None
            mapped.extend((gateway, currency, bucket, paid_on) for bucket in waiting)
            waiting, balance = [], 0
    connection.execute(
        "create table bucket_map"
        " (gateway varchar, currency varchar, bucket_date date, payout_date date)"
    )
    connection.executemany("insert into bucket_map values (?, ?, ?, ?)", mapped)


def _land(connection: duckdb.DuckDBPyConnection, landing: Path, end: date) -> None:
    for text in _TEXT_FILES:
        folder = landing / text.feed
        folder.mkdir(parents=True, exist_ok=True)
        names = connection.execute(
            f"select file, min(o1), max(o1) from {text.view} group by file order by file"
        ).fetchall()
        for name, first, last in names:
            where = f"where file = '{name}'"
            if isinstance(first, datetime):
                # says nothing new, and spares naming the file of every row of the other months
                where += f" and o1 between timestamp '{first}' and timestamp '{last}'"
            if text.header:
                header = ("\ufeff" if name in _WITH_BOM else "") + _HEADERS[text.feed]
                query = (
                    f"select '{header}' as line union all"
                    f" (select line from (select * from {text.view} {where} order by {text.order}))"
                )
            else:
                query = f"select line from {text.view} {where} order by {text.order}"
            _copy_lines(connection, query, folder / name)
    _land_parquet(connection, landing)
    _land_file_faults(connection, landing)
    _set_times(landing, end)


def _copy_lines(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write the single column of a query as raw lines (no quoting, newline at each end)."""
    compression = "gzip" if target.suffix == ".gz" else "none"
    connection.execute(
        f"copy ({query}) to '{target}' (format csv, compression {compression},"
        r" header false, quote '', escape '', delimiter E'\x01')"
    )


def _land_parquet(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """The second gateway and the ledger export typed Parquet files, one a month."""
    gateway = """select gateway, transaction_id, type, status, payment_id, customer_id,
        customer_name, invoice_reference, description,
        cast(money(amount, digits) as decimal(18, 3)) as amount,
        cast(money(fee, digits) as decimal(18, 3)) as fee_amount,
        cast(money(net, digits) as decimal(18, 3)) as net_amount,
        currency, created_at, available_on, payout_id, related_tx as related_transaction_id
        from gateway_row where gateway = 'payharbor' and period_of(created_at) = '{month}'
        order by created_at, transaction_id"""
    ledger = """select * exclude (month) from ledger_row where month = '{month}'
        order by posting_date, entry_id, line_id"""
    for feed, stem, months, query in (
        (
            "gateway_transactions",
            "payharbor",
            "select distinct period_of(created_at) from gtx where gateway = 'payharbor' order by 1",
            gateway,
        ),
        ("ledger_entries", "ledger", "select distinct month from ledger_row order by 1", ledger),
    ):
        (landing / feed).mkdir(parents=True, exist_ok=True)
        for (month,) in connection.execute(months).fetchall():
            target = landing / feed / f"{stem}_{month}.parquet"
            connection.execute(
                f"copy ({query.format(month=month)}) to '{target}'"
                " (format parquet, compression zstd)"
            )


def _fault(
    connection: duckdb.DuckDBPyConnection,
    fault: str,
    feed: str,
    name: str,
    reason: str,
    exception: str | None,
) -> None:
    connection.execute(
        "insert into fault (fault, feed, file_name, expected_reason, expected_exception)"
        " values (?, ?, ?, ?, ?)",
        [fault, feed, name, reason, exception],
    )


def _land_file_faults(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    """Faults of whole files: unreadable, incomplete, delivered twice, late."""
    statements = landing / "bank_statements"
    camt = sorted(statements.glob("camt053_2*.xml"))
    half = camt[0].read_bytes()
    (statements / "camt053_broken.xml").write_bytes(half[: len(half) // 2])
    _fault(
        connection,
        "unreadable_file",
        "bank_statements",
        "camt053_broken.xml",
        "unreadable_file",
        "quarantined_rows",
    )
    (landing / "fx_rates" / "manual_rates.csv").write_text(
        "rate_date,base_currency,quote_currency,rate\n2020-01-02,EUR,USD,1.1193\n", encoding="utf-8"
    )
    _fault(
        connection,
        "missing_column",
        "fx_rates",
        "manual_rates.csv",
        "missing_column",
        "quarantined_rows",
    )
    for feed, original, copy in (
        ("bank_statements", camt[1], "camt053_again.xml"),
        (
            "billing_invoices",
            sorted((landing / "billing_invoices").glob("invoices_*.csv"))[0],
            "invoices_resent.csv",
        ),
    ):
        shutil.copyfile(original, landing / feed / copy)
        _fault(connection, "redelivered_file", feed, copy, "", None)
    for path in statements.glob("late_*.xml"):
        _fault(connection, "late_file", "bank_statements", path.name, "", None)
    _fault(connection, "overlapping_statement", "bank_statements", "camt053_extract.xml", "", None)


def _set_times(landing: Path, end: date) -> None:
    """Modification times of a history: the month or week after the content, the late file last."""
    last = datetime.combine(end, time(23, 30), tzinfo=UTC)
    for path in landing.rglob("*"):
        if path.is_file():
            landed = last
            if not path.name.startswith("late"):
                digits = path.name.split(".")[0].rsplit("_", 1)[-1].replace("-", "")
                if digits.isdigit() and len(digits) >= 6:
                    day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8] or 28))
                    reach = timedelta(days=8 if len(digits) == 8 else 4)
                    landed = min(last, datetime.combine(day + reach, time(5), tzinfo=UTC))
            os.utime(path, (landed.timestamp(), landed.timestamp()))


def _write_truth(connection: duckdb.DuckDBPyConnection, truth: Path) -> None:
    for query, name in (
        ("truth_match order by truth_match_id, side, item_type, item_id", "matches.parquet"),
        ("fault order by fault, feed, file_name, key, line_number", "faults.parquet"),
        ("truth_duplicate order by duplicate_invoice_id", "duplicates.parquet"),
    ):
        connection.execute(
            f"copy (select * from {query}) to '{truth / name}' (format parquet, compression zstd)"
        )


def _summarize(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    seed: int,
    invoices: int,
    months: int,
    end: date,
) -> DemoSummary:
    def number(query: str) -> int:
        row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def counts(query: str) -> dict[str, int]:
        return dict(connection.execute(query).fetchall())

    return DemoSummary(
        seed=seed,
        invoices=invoices,
        months=months,
        end=end.isoformat(),
        customers=number("select count(*) from customer"),
        documents=number("select count(distinct invoice_id) from bill"),
        bank_lines=number("select count(*) from bank_line"),
        gateway_transactions=number("select count(*) from gtx"),
        payouts=number("select count(*) from payout"),
        due_invoices=number(
            "select count(*) from inv where status = 'open' and due_date <= getvariable('end_date')"
        ),
        closable_invoices=number(
            "select count(distinct inv.i) from inv inner join truth_match"
            " on truth_match.item_type = 'invoice' and truth_match.item_id = inv.invoice_id"
            " where inv.status = 'open' and inv.due_date <= getvariable('end_date')"
            f" and truth_match.certain and truth_match.case_class in {plan.CLOSABLE}"
        ),
        files={
            folder.name: sum(1 for path in folder.rglob("*") if path.is_file())
            for folder in sorted(landing.iterdir())
        },
        faults=counts("select fault, count(*) from fault group by fault order by fault"),
        cases=counts(
            "select case_class, count(distinct truth_match_id) from truth_match"
            " where reconciliation = 'invoice_to_receipt' group by case_class order by case_class"
        ),
    )
