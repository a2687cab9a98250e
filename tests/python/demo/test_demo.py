"""The demo company is deterministic, adds up, and its truth speaks about what was landed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from lxml import etree
from stdnum import iban, iso11649

from orchestration.demo import DemoSummary, generate
from orchestration.demo.company import months_before

END = date(2026, 11, 20)


class Company(NamedTuple):
    landing: Path
    truth: Path
    summary: DemoSummary


class Entry(NamedTuple):
    account: str
    entry_id: str
    day: str
    amount: Decimal


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    home = tmp_path_factory.mktemp("company")
    summary = generate(home / "landing", home / "truth", invoices=2000, end=END)
    return Company(home / "landing", home / "truth", summary)


def rows(query: str, **values: object) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(query, values or None).fetchall()


def faults(company: Company, fault: str) -> list[dict]:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select * from '{company.truth}/faults.parquet' where fault = ?", [fault]
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def part(value: str) -> str:
    return value.replace("%", "%25").replace("/", "%2F")


def camt_files(company: Company) -> list[Path]:
    return [
        path
        for path in sorted((company.landing / "bank_statements").glob("*.xml"))
        if path.name != "camt053_broken.xml"
    ]


def local(node: etree._Element, path: str) -> str | None:
    return node.findtext("/".join(f"{{*}}{step}" for step in path.split("/")))


def signed(node: etree._Element) -> Decimal:
    amount = Decimal(local(node, "Amt") or "0")
    return -amount if local(node, "CdtDbtInd") == "DBIT" else amount


def camt_entries(path: Path) -> list[Entry]:
    """Items by the rules of the input contract, as far as this company's files need them."""
    found = []
    for account in etree.parse(str(path)).iterfind(".//{*}Acct"):
        statement = account.getparent()
        number = local(account, "Id/IBAN") or ""
        for entry in statement.iterfind("{*}Ntry"):
            day = local(entry, "BookgDt/Dt") or ""
            reference = local(entry, "AcctSvcrRef")
            details = entry.findall("{*}NtryDtls/{*}TxDtls")
            if details and reference:
                assert sum(map(signed, details)) == signed(entry)
                for place, detail in enumerate(details, start=1):
                    own = local(detail, "Refs/AcctSvcrRef") or f"{reference}#{place}"
                    found.append(Entry(number, own, day, signed(detail)))
            else:
                found.append(Entry(number, reference or "", day, signed(entry)))
    return found


def swift_decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def mt940_statements(company: Company) -> list[tuple[str, Decimal, list[Entry], Decimal]]:
    found = []
    for path in sorted((company.landing / "bank_statements").glob("*.sta")):
        for block in path.read_text("ascii").split("\n-\n"):
            if not block.strip():
                continue
            account = re.search(r":25:(\S+)", block)
            opening = re.search(r":60F:([CD])\d{6}\w{3}(\S+)", block)
            closing = re.search(r":62F:([CD])\d{6}\w{3}(\S+)", block)
            assert account
            assert opening
            assert closing
            entries = [
                Entry(
                    account[1],
                    reference,
                    day,
                    swift_decimal(amount) * (1 if side == "C" else -1),
                )
                for day, side, amount, reference in re.findall(
                    r":61:(\d{6})\d{4}([CD])([\d,]+)NTRF\S+?//(\S{1,16})\n", block
                )
            ]
            assert len(entries) == block.count(":61:")
            sides = [
                swift_decimal(balance[2]) * (1 if balance[1] == "C" else -1)
                for balance in (opening, closing)
            ]
            found.append((account[1], sides[0], entries, sides[1]))
    return found


def csv_rows(folder: Path) -> list[dict[str, str]]:
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            found.extend(csv.DictReader(handle))
    return found


def bank_ids(company: Company) -> set[str]:
    entries = [entry for path in camt_files(company) for entry in camt_entries(path)]
    entries += [entry for _, _, some, _ in mt940_statements(company) for entry in some]
    found = {f"{part(entry.account)}/{part(entry.entry_id)}" for entry in entries}
    for row in csv_rows(company.landing / "bank_transactions"):
        found.add(f"{part(row['account_id'])}/{part(row['entry_id'])}")
    return found


def gateway_lines(company: Company) -> list[dict]:
    folder = company.landing / "gateway_transactions"
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            try:
                row = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            except json.JSONDecodeError:
                continue
            if isinstance(row["amount"], Decimal):
                found.append(row)
    with duckdb.connect() as connection:
        result = connection.execute(f"select * from '{folder}/*.parquet'")
        names = [column[0] for column in result.description]
        found.extend(dict(zip(names, row, strict=True)) for row in result.fetchall())
    return found


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        generate(tmp_path / name / "l", tmp_path / name / "t", seed=seed, invoices=200, end=END)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    one, three = digests(tmp_path / "one"), digests(tmp_path / "three")
    assert (
        one["l/billing_invoices/invoices_2026-07.csv"]
        != (three["l/billing_invoices/invoices_2026-07.csv"])
    )
    assert one["t/matches.parquet"] != three["t/matches.parquet"]


@pytest.mark.parametrize("size", [{"invoices": 100, "months": 2}, {"invoices": 600, "months": 25}])
def test_small_and_long_companies_are_written(tmp_path: Path, size: dict[str, int]) -> None:
    summary = generate(tmp_path / "l", tmp_path / "t", end=date(2024, 2, 29), **size)
    assert summary.due_invoices > 0


def test_statements_balance_except_the_planted_ones(company: Company) -> None:
    wrong = set()
    for path in camt_files(company):
        for statement in etree.parse(str(path)).iterfind(".//{*}Stmt"):
            balances = {
                local(balance, "Tp/CdOrPrtry/Cd"): signed(balance)
                for balance in statement.iterfind("{*}Bal")
            }
            moved = sum((signed(entry) for entry in statement.iterfind("{*}Ntry")), Decimal(0))
            if balances["OPBD"] + moved != balances["CLBD"]:
                wrong.add(f"{local(statement, 'Acct/Id/IBAN')}/{local(statement, 'Id')}")
    for account, opening, entries, closing in mt940_statements(company):
        if opening + sum((entry.amount for entry in entries), Decimal(0)) != closing:
            wrong.add(account)
    planted = {row["key"] for row in faults(company, "control_total")}
    assert len(planted) == 2
    camt = {key for key in planted if "/E-" in key}
    assert wrong == camt | {key.split("/")[0] for key in planted - camt}


def test_statements_of_one_account_follow_each_other(company: Company) -> None:
    previous: dict[str, Decimal] = {}
    for account, opening, entries, _ in mt940_statements(company):
        assert opening == previous.get(account, opening)
        previous[account] = opening + sum((entry.amount for entry in entries), Decimal(0))
    accounts = {row["account_id"]: row for row in csv_rows(company.landing / "bank_accounts")}
    first = mt940_statements(company)[0]
    assert first[1] == Decimal(accounts[first[0]]["opening_balance"])


def test_payouts_sum_their_transactions_except_the_planted_ones(company: Company) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in gateway_lines(company):
        if row["payout_id"]:
            assert row["status"] == "succeeded"
            sums[f"{row['gateway']}/{row['payout_id']}"] += row["net_amount"]
        assert row["amount"] - row["fee_amount"] == row["net_amount"]
    payouts = csv_rows(company.landing / "gateway_payouts")
    wrong = {row["key"] for row in faults(company, "payout_wrong_sum")}
    failed = {row["key"] for row in faults(company, "payout_failed")}
    assert wrong
    assert failed
    assert any(Decimal(row["amount"]) < 0 for row in payouts), "no gateway takes money"
    for row in payouts:
        key = f"{row['gateway']}/{row['payout_id']}"
        if row["status"] == "failed":
            assert key in failed
            assert key not in sums
        else:
            assert (Decimal(row["amount"]) != sums[key]) == (key in wrong)


def test_every_item_of_the_truth_was_landed(company: Company) -> None:
    landed = {
        "bank_transaction": bank_ids(company),
        "payout": {
            f"{row['gateway']}/{row['payout_id']}"
            for row in csv_rows(company.landing / "gateway_payouts")
        },
        "ledger_entry": {
            row[0]
            for row in rows(
                "select entry_id || '/' || line_id from"
                f" '{company.landing}/ledger_entries/*.parquet'"
            )
        },
    }
    documents = csv_rows(company.landing / "billing_invoices")
    for kind in ("invoice", "credit_memo"):
        landed[kind] = {row["invoice_id"] for row in documents if row["document_type"] == kind}
    bills = csv_rows(company.landing / "vendor_invoices")
    landed["vendor_invoice"] = {row["vendor_invoice_id"] for row in bills}
    for row in gateway_lines(company):
        key = f"{row['gateway']}/{row['transaction_id']}"
        landed.setdefault(str(row["type"]), set()).add(key)
    named = rows(f"select distinct item_type, item_id from '{company.truth}/matches.parquet'")
    assert {kind for kind, _ in named} == {
        *("invoice", "credit_memo", "charge", "refund", "chargeback", "chargeback_reversal"),
        *("fee", "adjustment", "payout", "bank_transaction", "ledger_entry", "vendor_invoice"),
    }
    missing = [(kind, item) for kind, item in named if item not in landed[kind]]
    assert not missing


def test_true_matches_balance_and_cover_no_item_beyond_its_amount(company: Company) -> None:
    matches = f"'{company.truth}/matches.parquet'"
    unbalanced = rows(
        f"""select distinct case_class from (
            select truth_match_id, case_class,
                sum(case side when 'expected' then amount else -amount end) as difference
            from {matches} group by truth_match_id, case_class
        ) where difference <> 0"""
    )
    assert {row[0] for row in unbalanced} <= {"payout_wrong_sum", "fx_residual", "fx_original"}
    totals = {
        row["invoice_id"]: Decimal(row["total_amount"])
        for row in csv_rows(company.landing / "billing_invoices")
        if row["invoice_id"] and re.fullmatch(r"[\d.]+", row["total_amount"] or "")
    }
    for item, amount, parts in rows(
        f"""select item_id, sum(amount), count(*) from {matches}
        where item_type = 'invoice' group by item_id"""
    ):
        assert parts == 1
        assert 0 <= amount <= totals[item]


def test_true_matches_cover_no_bill_beyond_its_lines(company: Company) -> None:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv_rows(company.landing / "vendor_invoices"):
        totals[row["vendor_invoice_id"]] -= Decimal(row["amount"])
    assert min(totals.values()) < 0 < max(totals.values()), "bills, and credit notes"
    for item, amount in rows(
        f"""select item_id, sum(amount) from '{company.truth}/matches.parquet'
        where item_type = 'vendor_invoice' group by item_id"""
    ):
        assert amount == totals[item] or totals[item] < amount < 0


def test_the_fault_list_agrees_with_the_summary(company: Company) -> None:
    counted = dict(
        rows(f"select fault, count(*) from '{company.truth}/faults.parquet' group by fault")
    )
    assert counted == company.summary.faults
    stored = json.loads((company.truth / "summary.json").read_text())
    assert stored == asdict(company.summary)
    assert all(count > 0 for count in counted.values())


def test_bad_rows_stand_on_the_line_that_the_truth_names(company: Company) -> None:
    planted = faults(company, "bad_row")
    assert {row["expected_reason"] for row in planted} == {
        *("bad_date", "thousands_separator", "unknown_currency", "minor_digits"),
        *("missing_key", "bad_domain", "ragged_line"),
    }
    for row in planted:
        text = (company.landing / row["feed"] / row["file_name"]).read_text("utf-8")
        line = text.split("\n")[row["line_number"] - 1]
        if row["key"]:
            assert row["key"].split("/")[-1] in line
        marks = {
            "bad_date": "-13-",
            "thousands_separator": '"1,',
            "unknown_currency": "EUX",
            "minor_digits": ".125",
        }
        assert marks.get(row["expected_reason"], "") in line


def test_duplicates_are_landed_copies_of_their_originals(company: Company) -> None:
    documents = {row["invoice_id"]: row for row in csv_rows(company.landing / "billing_invoices")}
    copies = rows(f"select * from '{company.truth}/duplicates.parquet'")
    assert copies
    for kind, copy_id, original_id, number in copies:
        copy, original = documents[copy_id], documents[original_id]
        assert copy["invoice_number"] == number
        assert copy["issued_at"] > original["issued_at"]
        for column in ("customer_id", "currency", "total_amount", "due_date"):
            assert copy[column] == original[column]
        same_key = copy["idempotency_key"] == original["idempotency_key"]
        assert same_key == (kind == "duplicate_same_key")
        if kind == "duplicate_reissued":
            assert copy["invoice_number"] == original["invoice_number"] + "-A"


def test_invoice_numbers_and_ids_are_unique(company: Company) -> None:
    seen: dict[str, str] = {}
    for row in csv_rows(company.landing / "billing_invoices"):
        if row["invoice_id"]:
            assert seen.setdefault(row["invoice_number"], row["invoice_id"]) == row["invoice_id"]


def test_invoice_lines_and_tax_sum_to_the_total(company: Company) -> None:
    nets: dict[str, Decimal] = defaultdict(Decimal)
    for path in sorted((company.landing / "billing_invoice_lines").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            for line in handle:
                row = json.loads(line, parse_float=Decimal, parse_int=Decimal)
                nets[row["invoice_id"]] += row["amount"]
    corrected = {row["key"] for row in faults(company, "corrected_invoice")}
    checked = 0
    for row in csv_rows(company.landing / "billing_invoices"):
        if row["invoice_id"] in nets and row["invoice_id"] not in corrected:
            assert nets[row["invoice_id"]] + Decimal(row["tax_amount"]) == Decimal(
                row["total_amount"]
            )
            checked += 1
    assert checked > 1900


def test_account_numbers_and_creditor_references_have_valid_check_digits(company: Company) -> None:
    numbers = {row["account_id"] for row in csv_rows(company.landing / "bank_accounts")}
    names = set()
    for row in csv_rows(company.landing / "crm_customers"):
        numbers.update(row["bank_accounts"].split(";"))
        names.add(row["legal_name"])
    for line in (company.landing / "crm_customers" / "customers_main.jsonl").open():
        customer = json.loads(line)
        numbers.update(customer["bank_accounts"])
        assert customer["legal_name"] not in names
        names.add(customer["legal_name"])
    ibans = {number for number in numbers if number[:2].isalpha()}
    assert len(ibans) > 100
    assert [number for number in ibans if not iban.is_valid(number)] == []
    text = "".join(path.read_text("utf-8") for path in camt_files(company))
    references = set(re.findall(r"<Ref>(RF\w+)</Ref>", text))
    assert references
    assert all(iso11649.is_valid(reference) for reference in references)


def test_most_due_invoices_are_closable_and_some_are_not(company: Company) -> None:
    summary = company.summary
    share = summary.closable_invoices / summary.due_invoices
    assert 0.88 <= share <= 0.96


def test_no_fact_is_later_than_the_end_and_no_file_lands_later(company: Company) -> None:
    limit = datetime.combine(END, time.max, tzinfo=UTC).timestamp()
    assert all(path.stat().st_mtime <= limit for path in company.landing.rglob("*.*"))
    late = faults(company, "late_file")
    assert len(late) == 1
    others = [
        path.stat().st_mtime
        for path in camt_files(company)
        if re.fullmatch(r"camt053_\d+\.xml", path.name)
    ]
    late_path = company.landing / "bank_statements" / late[0]["file_name"]
    assert late_path.stat().st_mtime >= max(others)
    for path in camt_files(company):
        assert all(entry.day <= END.isoformat() for entry in camt_entries(path))
    for row in csv_rows(company.landing / "billing_invoices"):
        if row["issued_at"] and "-13-" not in row["issued_at"]:
            assert row["issued_at"][:10] <= END.isoformat()


def test_whole_files_are_faulty_as_planted(company: Company) -> None:
    broken = company.landing / "bank_statements" / "camt053_broken.xml"
    with pytest.raises(etree.XMLSyntaxError):
        etree.parse(str(broken))
    by_digest: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, digest in digests(company.landing).items():
        by_digest[(name.split("/")[0], digest)].append(Path(name).name)
    twice = {name for names in by_digest.values() if len(names) > 1 for name in names}
    assert {row["file_name"] for row in faults(company, "redelivered_file")} < twice
    overlap = company.landing / "bank_statements" / "camt053_extract.xml"
    known = {
        (entry.account, entry.entry_id)
        for path in camt_files(company)
        if path != overlap
        for entry in camt_entries(path)
    }
    entries = camt_entries(overlap)
    assert entries
    assert {(entry.account, entry.entry_id) for entry in entries} <= known


def test_a_reporting_currency_gets_rates_or_is_refused(tmp_path: Path) -> None:
    generate(tmp_path / "l", tmp_path / "t", invoices=100, end=END, reporting_currency="CHF")
    quotes = {row["quote_currency"] for row in csv_rows(tmp_path / "l" / "fx_rates")}
    assert {"USD", "GBP", "JPY", "BHD", "CHF"} <= quotes
    with pytest.raises(ValueError, match="no rates for reporting currency 'XTS'"):
        generate(tmp_path / "m", tmp_path / "u", end=END, reporting_currency="XTS")


def test_the_last_days_can_be_held_back_as_files_of_their_own(tmp_path: Path) -> None:
    def landed(folder: Path) -> dict[str, set[str]]:
        return {
            feed: {
                line
                for path in (folder / "l" / feed).glob("*.csv")
                for line in path.read_text("utf-8").splitlines()
            }
            for feed in ("billing_invoices", "bank_transactions", "gateway_payouts")
        }

    whole, split = tmp_path / "whole", tmp_path / "split"
    generate(whole / "l", whole / "t", invoices=400, end=END)
    generate(split / "l", split / "t", invoices=400, end=END, recent_days=7)
    assert landed(whole) == landed(split)
    for name in ("matches.parquet", "faults.parquet", "duplicates.parquet"):
        assert (whole / "t" / name).read_bytes() == (split / "t" / name).read_bytes()
    recent = [path for path in sorted((split / "l").rglob("*_recent.*"))]
    assert {path.parent.name for path in recent} >= {
        *("billing_invoices", "billing_invoice_lines", "gateway_transactions"),
        *("gateway_payouts", "bank_transactions", "bank_statements", "ledger_entries"),
    }
    for path in recent:
        path.unlink()
    kept = csv_rows(split / "l" / "billing_invoices")
    assert max(row["updated_at"] or "" for row in kept) < "2026-11-14"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"recent_days": 29}, "between 0 and 28"),
        ({"invoices": 10}, "at least 100"),
        ({"months": 1}, "between 2 and 60"),
        ({"seed": -1}, "not be negative"),
    ],
)
def test_impossible_sizes_are_refused(
    tmp_path: Path, arguments: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        generate(tmp_path / "l", tmp_path / "t", end=END, **arguments)


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "l" / "fx_rates" / "mine.csv"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(FileExistsError, match="already holds files"):
        generate(tmp_path / "l", tmp_path / "t", end=END)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]


@pytest.mark.parametrize(
    ("day", "months", "start"),
    [
        (date(2026, 11, 20), 6, date(2026, 5, 21)),
        (date(2026, 8, 31), 6, date(2026, 3, 1)),
        (date(2026, 1, 31), 11, date(2025, 3, 1)),
        (date(2025, 12, 31), 12, date(2025, 1, 1)),
    ],
)
def test_the_history_starts_that_many_months_before(day: date, months: int, start: date) -> None:
    assert months_before(day, months) == start


@pytest.mark.slow
def test_a_hundred_thousand_invoices_take_seconds_and_bounded_memory(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from datetime import date; from pathlib import Path;"
        "from orchestration.demo import generate; home = Path(sys.argv[1]);"
        "generate(home / 'l', home / 't', invoices=100_000, end=date(2026, 11, 20));"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = map(float, ran.stdout.split())
    # processor time, about 15 s on an idle machine; a busy one gets room
    assert seconds < 90
    assert megabytes < 1500
