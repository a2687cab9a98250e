"""`tieout benchmark sets`: many payers with ten open items each, and one payment of each.

Every payer has ten documents of random amounts. Four of five pay three to nine of them at once,
without a word; the fifth pays a random amount, for something else. What is timed are the models of
the pass alone, and what is held against the truth is whether each payment found its documents, and
whether one that is for none was closed all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.benchmarks.land import Span, build, ingest, temporary_home
from orchestration.files import quoted
from orchestration.home import Home

AS_OF = datetime(2026, 7, 1)
MODELS = (
    "int_sets__units",
    "int_sets__parties",
    "int_sets__of_documents",
    "int_sets__of_payments",
    "int_links__sets",
    "int_wave__sums",
)
"""What the pass itself consists of; the rest of a build is there with or without it."""


@dataclass(frozen=True)
class Result:
    """What became of the payments.

    `right` closed with exactly the documents that they are for, `wrong` with others; `strays` are
    for none, and `false` of them were closed with some.
    """

    payers: int
    right: int
    wrong: int
    strays: int
    false: int
    spans: dict[str, Span]


def run(size: int = 200_000) -> Result:
    """Time and score the sets of `size` payers.

    Raises:
        TieoutError: when a model fails.
    """
    with temporary_home() as home:
        _land(home, size)
        ingest(home, AS_OF)
        build(home, "+int_open__after_sums")
        # by themselves, once what they read is there: two cores for the pass, as in the promise
        spans = build(home, " ".join(MODELS))
        return _score(home, size, spans)


def table(result: Result) -> str:
    """The result as text."""
    sets = result.payers - result.strays
    lines = [
        f"{result.payers:,} payers with ten open items each",
        f"  {sets:,} payments for some of them: {result.right:,} closed with their documents, "
        f"{result.wrong:,} with others, {sets - result.right - result.wrong:,} left to a person",
        f"  {result.strays:,} payments for something else: {result.false:,} closed with documents",
        *(f"  {name:28}{span.seconds:>8.1f} s" for name, span in result.spans.items()),
        f"  {'from first to last':28}{Span.around(result.spans.values()).seconds:>8.1f} s",
    ]
    return "\n".join(lines) + "\n"


def _land(home: Home, payers: int) -> None:
    """Ten invoices and a charge per payer; the invoices it pays have a due date of their own."""
    is_stray = "hash(p, 'stray') % 5 = 0"
    tables = {
        "crm_customers": f"""
            select 'c' || p as customer_id, 'Customer ' || p as legal_name
            from range({payers}) as payer (p)
        """,
        "billing_invoices": """
            select 'i' || p || '_' || n as invoice_id, 'B-' || p || '-' || n as invoice_number,
                'invoice' as document_type, 'c' || p as customer_id,
                timestamp '2026-05-01' + to_days(cast(n as integer)) as issued_at,
                case when is_paid then date '2026-06-30' else date '2026-06-29' end as due_date,
                'EUR' as currency, amount as total_amount, 'open' as status
            from item
        """,
        "gateway_transactions": """
            select 'pay' as gateway, 't' || p as transaction_id, 'charge' as type,
                'succeeded' as status, 'c' || p as customer_id, amount, amount as net_amount,
                'EUR' as currency, timestamp '2026-06-20 10:00:00' as created_at
            from payment
        """,
    }
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table item as
            select
                p, n,
                cast(10 + hash(p, n, 'amount') % 99000 / 100 as decimal(18, 2)) as amount,
                -- the first so many of a random order are paid
                row_number() over (partition by p order by hash(p, n, 'order'), n)
                <= 3 + hash(p, 'count') % 7 and not {is_stray} as is_paid
            from range({payers}) as payer (p), range(10) as place (n)
            """
        )
        connection.execute(
            f"""
            create table payment as
            select p, sum(amount) as amount from item where is_paid group by p
            union all
            select p, cast(30 + hash(p, 'amount') % 800000 / 100 as decimal(18, 2)) as amount
            from range({payers}) as payer (p) where {is_stray}
            """
        )
        for feed, query in tables.items():
            path = home.feed_landing(feed) / f"{feed}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy ({query}) to {quoted(str(path))} (format parquet)")


def _score(home: Home, payers: int, spans: dict[str, Span]) -> Result:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        [(right, wrong, strays, false)] = connection.execute(
            """
            with
            payments as (
                select gateway || '/' || transaction_id as payment, customer_id
                from staging.stg_gateway__transactions
            ),
            paid as (
                select
                    customer_id,
                    list_sort(list(invoice_id)) as documents
                from staging.stg_billing__invoices
                where due_date = date '2026-06-30'
                group by all
            ),
            closed as (
                select
                    min(items.item_id) filter (items.side = 'actual') as payment,
                    list_sort(list(items.item_id) filter (items.side = 'expected')) as documents
                from intermediate.int_wave__sums as settled
                inner join intermediate.int_items as items using (item_key)
                where settled.ambiguity is null
                group by settled.group_name
            )
            select
                count(*) filter (closed.documents = paid.documents),
                count(*) filter (closed.documents <> paid.documents),
                count(*) filter (paid.documents is null),
                count(closed.documents) filter (paid.documents is null)
            from payments
            left join paid using (customer_id)
            left join closed using (payment)
            """
        ).fetchall()
    return Result(payers, right, wrong, strays, false, spans)
