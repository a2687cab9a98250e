"""Invariants 1 to 5: break the marts, see the guard fail.

Rows are picked by `rowid`, so a mutation changes exactly one unless it says otherwise.
"""

from __future__ import annotations

import pytest

from tests.python.mutation.warehouse_copy import Breaker, Copy, one

STAGED = "assert_every_landed_record_is_staged"
BANK = "assert_bank_entries_count_once"
CENT = "assert_every_cent_has_one_place"
INVOICES = "assert_invoices_show_what_their_items_hold"
RECEIPTS = "assert_receipts_show_what_their_items_hold"
AGING = "assert_aging_adds_up_to_open_items"
RECEIVABLES = "assert_receivables_add_up_to_items"
DOCUMENTS = "assert_open_documents_add_up"
EXECUTIVE = "assert_executive_figures_add_up_to_items"
EXCEPTIONS = "assert_exceptions_show_what_their_items_hold"
ALERTS = "assert_alerts_weigh_what_their_exceptions_hold"
BALANCE = "assert_matches_balance"
OVER = "assert_no_item_over_allocated"
DEBITS = "assert_debits_equal_credits"
ONCE = "assert_posting_keys_post_once"
SHOWN = "assert_entries_are_shown_as_checked"


def test_the_invariants_hold_in_an_unbroken_copy(copy: Copy) -> None:
    copy.passes(STAGED, BANK, CENT, BALANCE, OVER, DEBITS, ONCE, SHOWN)
    copy.passes(INVOICES, RECEIPTS, AGING, RECEIVABLES, DOCUMENTS)
    copy.passes(EXECUTIVE, EXCEPTIONS, ALERTS)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"update marts.fct_items set open_amount = open_amount + 0.01 where {one('fct_items')}",
            id="a cent more is open than there is",
        ),
        pytest.param(
            f"update marts.fct_items set open_amount = null where {one('fct_items')}",
            id="an open amount is null",
        ),
        pytest.param(
            "update marts.fct_items set amount = amount + 1, open_amount = open_amount + 1 where "
            + one("fct_items", "item_type = 'invoice'"),
            id="an invoice is listed with another amount, in balance",
        ),
        pytest.param(
            "delete from marts.fct_items where " + one("fct_items", "item_type = 'invoice'"),
            id="an invoice is not listed",
        ),
        pytest.param(
            "delete from marts.fct_items where "
            + one("fct_items", "item_type = 'bank_transaction' and status = 'set_aside'"),
            id="a bank line that was set aside is not listed",
        ),
        pytest.param(
            "insert into marts.fct_items select * from marts.fct_items where "
            + one("fct_items", "item_type = 'bank_transaction'"),
            id="a bank line is listed twice",
        ),
        pytest.param(
            "update marts.fct_items set currency = 'CHF' where "
            + one("fct_items", "item_type = 'payout'"),
            id="a payout changes its currency",
        ),
        pytest.param("delete from marts.fct_items", id="nothing is listed"),
    ],
)
def test_a_cent_without_its_one_place_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(CENT) > 0


@pytest.mark.parametrize(
    ("mart", "guard", "changes"),
    [
        pytest.param(
            "fct_invoices",
            INVOICES,
            [
                "matched_amount = matched_amount + 0.01",
                "matched_amount = matched_amount + 0.01, open_amount = open_amount - 0.01",
                "adjusted_amount = adjusted_amount + 0.01, open_amount = open_amount - 0.01",
                "total_amount = total_amount + 0.01, open_amount = open_amount + 0.01",
                "total_amount = - total_amount, matched_amount = - matched_amount, "
                "adjusted_amount = - adjusted_amount, open_amount = - open_amount",
                "open_amount = null",
                "currency = 'CHF'",
            ],
            id="documents",
        ),
        pytest.param(
            "fct_receipts",
            RECEIPTS,
            [
                "allocated_amount = allocated_amount + 0.01",
                "allocated_amount = allocated_amount + 0.01, "
                "unapplied_amount = unapplied_amount - 0.01",
                "adjusted_amount = adjusted_amount + 0.01, "
                "unapplied_amount = unapplied_amount - 0.01",
                "amount = amount + 0.01, unapplied_amount = unapplied_amount + 0.01",
                "unapplied_amount = null",
                "currency = null",
            ],
            id="receipts",
        ),
        pytest.param(
            "agg_receivables",
            RECEIVABLES,
            [
                "invoiced = invoiced + 0.01, open = open + 0.01",
                "matched = matched + 0.01, adjusted = adjusted - 0.01",
                "unapplied = null",
            ],
            id="headline figures",
        ),
    ],
)
def test_rows_that_show_other_money_than_their_items_hold_are_found(
    copy: Copy, mart: str, guard: str, changes: list[str]
) -> None:
    """One row each is changed; then one is gone, one is there twice; then all are gone."""
    rows = [row for (row,) in copy.query(f"select rowid from marts.{mart} order by rowid limit 20")]
    with copy.restored():
        for row, change in zip(rows, changes, strict=False):
            copy.breaks(f"update marts.{mart} set {change} where rowid = {row}")
        assert copy.fails(guard) == len(changes)
        copy.breaks(f"delete from marts.{mart} where rowid = {rows[-1]}")
        copy.breaks(f"insert into marts.{mart} select * from marts.{mart} where rowid = {rows[-2]}")
        assert copy.fails(guard) == len(changes) + 3
        copy.breaks(f"delete from marts.{mart}")
        copy.fails(guard)
    copy.passes(guard)


@pytest.mark.parametrize(
    ("mart", "guard", "changes"),
    [
        pytest.param(
            "agg_aging",
            AGING,
            [
                "open_amount = open_amount + 0.01",
                "open_amount = null",
                "invoices = invoices + 1",
                "customer_id = 'somebody'",
                "bucket = case bucket when '90+' then '1-30' else '90+' end",
            ],
            id="what is owed",
        ),
        pytest.param(
            "agg_executive_daily",
            EXECUTIVE,
            [
                "invoiced = invoiced + 0.01, open = open + 0.01",
                "collected = collected + 0.01",
                "matched = matched + 0.01, adjusted = adjusted - 0.01",
                "open = null",
                "overdue = overdue + 0.01",
                "revenue_at_risk = revenue_at_risk + 0.01",
                "exceptions_open = exceptions_open + 1",
            ],
            id="what is led by",
        ),
    ],
)
def test_sums_that_do_not_add_up_to_the_items_are_found(
    copy: Copy, mart: str, guard: str, changes: list[str]
) -> None:
    """The row of the last day says something else, is gone, or is there twice; then all are."""
    statements = [
        *(f"update marts.{mart} set {change} where rowid = {{}}" for change in changes),
        f"delete from marts.{mart} where rowid = {{}}",
        f"insert into marts.{mart} select * from marts.{mart} where rowid = {{}}",
        f"delete from marts.{mart}",
    ]
    for statement in statements:
        (row,) = copy.query(f"select max_by(rowid, (as_of_date, rowid)) from marts.{mart}")[0]
        with copy.restored():
            copy.breaks(statement.format(row)).fails(guard)
    copy.passes(guard)


def test_open_documents_beside_a_headline_of_other_money_are_found(copy: Copy) -> None:
    mart = "marts.fct_open_documents"
    large = "open_amount > 10 and base_amount > 10 and days_overdue > 0"
    (row,) = copy.query(f"select max(rowid) from {mart} where {large}")[0]
    for statement in (
        f"update {mart} set open_amount = open_amount + 0.01 where rowid = {row}",
        f"update {mart} set base_amount = base_amount + 2 where rowid = {row}",
        f"update {mart} set base_amount = null where rowid = {row}",
        f"update {mart} set days_overdue = 0 where rowid = {row}",
        f"delete from {mart} where rowid = {row}",
        f"insert into {mart} select * from {mart} where rowid = {row}",
        f"delete from {mart}",
    ):
        with copy.restored():
            assert copy.breaks(statement).fails(DOCUMENTS) > 0, statement
    copy.passes(DOCUMENTS)


@pytest.mark.parametrize(
    ("mart", "guard", "condition", "changes"),
    [
        pytest.param(
            "fct_exceptions",
            EXCEPTIONS,
            "status <> 'resolved' and item_type = 'invoice'",
            [
                "amount = amount + 0.01, base_amount = base_amount + 0.01",
                "amount = - amount, base_amount = - base_amount",
                "amount = null",
                "base_amount = base_amount + 0.01",
                "base_amount = null",
                "currency = 'CHF'",
                "item_count = 2",
                "item_id = item_id || '!'",
            ],
            id="an exception",
        ),
        pytest.param(
            "fct_exceptions",
            EXCEPTIONS,
            "status <> 'resolved' and is_case_lead and revenue_at_risk > 1",
            [
                "revenue_at_risk = revenue_at_risk + 0.01",
                "revenue_at_risk = revenue_at_risk - 1",
                "revenue_at_risk = null",
                "is_case_lead = false",
                "status = 'resolved'",
            ],
            id="what is at risk",
        ),
        pytest.param(
            "fct_alerts",
            ALERTS,
            "state <> 'resolved' and alert_name = 'high_exceptions'",
            [
                "revenue_at_risk = revenue_at_risk + 0.01",
                "revenue_at_risk = null",
                "item_count = item_count + 1",
                "root_cause = 'unknown'",
                "state = 'resolved'",
                "alert_name = 'slo_without_data', revenue_at_risk = 1",
            ],
            id="an alert",
        ),
        pytest.param(
            "fct_exceptions",
            ALERTS,
            "status <> 'resolved' and is_case_lead and severity = 'high'",
            [
                "revenue_at_risk = revenue_at_risk + 0.01",
                "is_case_lead = false",
                "root_cause = 'unknown'",
            ],
            id="what an alert weighs",
        ),
    ],
)
def test_what_people_are_called_for_is_what_the_items_hold(
    copy: Copy, mart: str, guard: str, condition: str, changes: list[str]
) -> None:
    """One row says something else; for alerts also: one is gone, or is there twice; all are gone.

    That each item has its one exception is guarded elsewhere (invariant 6).
    """
    picked = one(mart, condition)
    statements = [f"update marts.{mart} set {change} where {picked}" for change in changes]
    if guard == ALERTS:
        statements += [
            f"delete from marts.{mart} where {picked}",
            f"insert into marts.{mart} select * from marts.{mart} where {picked}",
            f"delete from marts.{mart}",
        ]
    for statement in statements:
        with copy.restored():
            assert copy.breaks(statement).fails(guard) > 0, statement
    copy.passes(guard)


FIRST_INVOICE = "rowid = (select min(rowid) from staging.stg_billing__invoices)"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"delete from staging.stg_billing__invoices where {FIRST_INVOICE}",
            id="a landed invoice is not staged",
        ),
        pytest.param(
            "insert into staging.stg_billing__invoices select * from staging.stg_billing__invoices "
            f"where {FIRST_INVOICE}",
            id="two versions of an invoice hold",
        ),
        pytest.param("delete from staging.stg_fx__rates", id="a feed is not staged"),
    ],
)
def test_a_landed_record_that_is_not_staged_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(STAGED) == 1


BOOKED = "intermediate.int_bank_transactions__booked"
FIRST_LINE = f"rowid = (select min(rowid) from {BOOKED})"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            f"update {BOOKED} set role = 'evidence' where {FIRST_LINE}",
            id="a bank line is evidence of nothing",
        ),
        pytest.param(f"update {BOOKED} set role = null where {FIRST_LINE}", id="no role"),
        pytest.param(
            f"update {BOOKED} set role = 'evidence', described_as = 'line' where {FIRST_LINE}",
            id="a bank line is evidence of itself",
        ),
        pytest.param(
            f"update {BOOKED} set counted_on = counted_on + 1 where {FIRST_LINE}",
            id="a bank line counts on another day",
        ),
        pytest.param(
            f"update {BOOKED} set amount = amount + 0.01 where {FIRST_LINE}", id="another amount"
        ),
        pytest.param(
            f"update {BOOKED} set currency = 'CHF' where {FIRST_LINE}", id="another currency"
        ),
        pytest.param(f"delete from {BOOKED} where {FIRST_LINE}", id="a bank line is gone"),
        pytest.param(
            f"insert into {BOOKED} select * from {BOOKED} where {FIRST_LINE}", id="a line twice"
        ),
    ],
)
def test_a_bank_line_that_does_not_count_once_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(BANK) > 0


# A notification tells the first bank line again, in two details.
DETAILS = [
    f"insert into {table} select * replace (entry_id || '~{part}' as entry_id, "
    f"amount - {amount} as amount{replaced}) from {table} "
    f"where (account_id, entry_id) = (select (account_id, entry_id) from {BOOKED} "
    f"where {FIRST_LINE})"
    for part, amount in (("1", "1"), ("2", "(amount - 1)"))
    for table, replaced in (
        (
            "staging.stg_bank__transactions",
            ", coalesce(entry_reference, bank_reference, entry_id) as entry_reference, "
            "amount as entry_amount, 'notification' as entry_source",
        ),
        (BOOKED, ", '{role}' as role"),
    )
]


def test_evidence_of_a_line_that_no_statement_books_is_found(broken: Breaker) -> None:
    """A notification's line is said to be the first bank line, and has another amount."""
    copy = broken(
        *(statement.replace("{role}", "evidence") for statement in DETAILS),
        f"update {BOOKED} set described_as = 'line' where entry_id = "
        f"(select entry_id || '~1' from {BOOKED} where {FIRST_LINE})",
    )
    copy.fails(BANK)


@pytest.mark.parametrize(
    ("role", "line_role", "counts"),
    [
        pytest.param("evidence", "item", True, id="the statement counts"),
        pytest.param("item", "evidence", True, id="the details count"),
        pytest.param("item", "item", False, id="both count"),
        pytest.param("evidence", "evidence", False, id="neither counts"),
    ],
)
def test_of_a_statement_and_its_notification_one_counts(
    broken: Breaker, role: str, line_role: str, counts: bool
) -> None:
    copy = broken(
        *(statement.replace("{role}", role) for statement in DETAILS),
        f"update {BOOKED} set role = '{line_role}' where {FIRST_LINE}",
    )
    if counts:
        copy.passes(BANK)
    else:
        copy.fails(BANK)


ALLOCATION = "match_id in (select match_id from marts.fct_matches where is_live)"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update marts.fct_matches set difference_amount = difference_amount + 0.01 where "
            + one("fct_matches", "is_live"),
            id="a difference that no adjustment explains",
        ),
        pytest.param(
            "update marts.fct_matches set difference_amount = null where "
            + one("fct_matches", "is_live"),
            id="a difference is null",
        ),
        pytest.param(
            "update marts.fct_match_allocations set allocated_amount = allocated_amount + 0.01, "
            "match_amount = match_amount + 0.01 where " + one("fct_match_allocations", ALLOCATION),
            id="one side is a cent more than the other",
        ),
        pytest.param(
            "update marts.fct_match_allocations set match_amount = null where "
            + one("fct_match_allocations", ALLOCATION),
            id="an allocation is null",
        ),
        pytest.param(
            "update marts.fct_match_allocations set match_adjusted_amount = null where "
            + one("fct_match_allocations", ALLOCATION),
            id="an adjustment is null in the currency of the match",
        ),
        pytest.param(
            "update marts.fct_match_allocations set match_adjusted_amount = "
            "match_adjusted_amount + 0.01 where " + one("fct_match_allocations", ALLOCATION),
            id="an adjustment differs between its currencies",
        ),
        pytest.param(
            "delete from marts.fct_match_allocations where "
            + one("fct_match_allocations", ALLOCATION),
            id="an item has left its match",
        ),
        pytest.param("delete from marts.fct_match_allocations", id="matches are empty"),
        pytest.param(
            "update marts.fct_matches set rule_id = 'unheard_of' where "
            + one("fct_matches", "is_live"),
            id="a match by a rule that there is not",
        ),
    ],
)
def test_a_match_that_does_not_balance_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(BALANCE) > 0


@pytest.mark.parametrize(
    ("amount", "kind"),
    [
        pytest.param("0.01", "null", id="an adjustment without a name"),
        pytest.param("0.01", "'goodwill'", id="an adjustment of a kind without account"),
        pytest.param("500.00", "'rounding'", id="a rounding difference of 500"),
    ],
)
def test_an_adjustment_must_have_a_named_kind_and_lie_within_tolerance(
    broken: Breaker, amount: str, kind: str
) -> None:
    expected = one(
        "fct_match_allocations",
        f"{ALLOCATION} and side = 'expected' and item_type = 'invoice' and adjusted_amount = 0",
    )
    broken(
        f"update marts.fct_matches set difference_amount = difference_amount - {amount} where "
        f"match_id = (select match_id from marts.fct_match_allocations where {expected})",
        f"update marts.fct_match_allocations set adjusted_amount = {amount}, "
        f"match_adjusted_amount = {amount}, adjustment_kind = {kind} where {expected}",
    ).fails(BALANCE)


FOREIGN = f"{ALLOCATION} and side = 'actual' and currency <> match_currency"


@pytest.mark.parametrize(
    ("adjusted", "in_match"),
    [
        pytest.param("-0.02", "-0.02", id="a cent more than the difference"),
        pytest.param("-0.01", "0.01", id="the opposite direction"),
        pytest.param("0.01", "0.01", id="the direction of the difference, converted"),
    ],
)
def test_an_adjustment_in_another_currency_explains_the_difference_exactly(
    broken: Breaker, adjusted: str, in_match: str
) -> None:
    """The match of a foreign payment is made to differ by one cent, and explained otherwise."""
    foreign = one("fct_match_allocations", FOREIGN)
    named = (
        f"update marts.fct_match_allocations set adjusted_amount = {{}}, "
        f"match_adjusted_amount = {{}}, adjustment_kind = 'rounding' where {foreign}"
    )
    a_cent = (
        "update marts.fct_matches set difference_amount = difference_amount - 0.01 where "
        f"match_id = (select match_id from marts.fct_match_allocations where {foreign})"
    )
    copy = broken(a_cent, named.format("-0.01", "-0.01"))
    copy.passes(BALANCE)
    copy.breaks(named.format(adjusted, in_match)).fails(BALANCE)


CLOSED = "status = 'closed' and reconciliation = 'invoice_to_receipt'"


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            [
                "insert into marts.fct_match_allocations "
                "select * replace ('m_second' as match_id) from marts.fct_match_allocations where "
                + one("fct_match_allocations", ALLOCATION),
                "insert into marts.fct_matches "
                "select * replace ('m_second' as match_id) from marts.fct_matches where "
                + one("fct_matches", "is_live"),
            ],
            id="two live matches take one item",
        ),
        pytest.param(
            [
                "update marts.fct_match_allocations set allocated_amount = 2 * allocated_amount "
                f"where {ALLOCATION}",
                "update marts.fct_items set allocated_amount = 2 * allocated_amount "
                "where allocated_amount <> 0",
            ],
            id="everything is allocated twice, and the items agree",
        ),
        pytest.param(
            [
                "update marts.fct_match_allocations set allocated_amount = - allocated_amount "
                f"where {ALLOCATION}",
                "update marts.fct_items set allocated_amount = - allocated_amount "
                "where allocated_amount <> 0",
            ],
            id="everything is allocated in the wrong direction",
        ),
        pytest.param(
            [
                "update marts.fct_items set allocated_amount = allocated_amount - 0.01, "
                f"open_amount = open_amount + 0.01 where {one('fct_items', CLOSED)}"
            ],
            id="an item says less than its matches",
        ),
        pytest.param(
            [
                "update marts.fct_items set allocated_amount = null where "
                + one("fct_items", CLOSED)
            ],
            id="an item does not say what its matches close",
        ),
        pytest.param(
            [f"delete from marts.fct_items where {one('fct_items', CLOSED)}"],
            id="a live match holds an item that is gone",
        ),
        pytest.param(
            [
                "update marts.fct_items set status = 'set_aside', set_aside_reason = 'void' "
                f"where {one('fct_items', CLOSED)}"
            ],
            id="a live match holds an item that is set aside",
        ),
    ],
)
def test_an_item_that_matches_close_too_much_of_is_found(
    broken: Breaker, statements: list[str]
) -> None:
    assert broken(*statements).fails(OVER) > 0


def due(condition: str = "true") -> str:
    """A condition that picks the first line that is due for which `condition` holds."""
    return (
        f"rowid = (select min(rowid) from intermediate.int_journal_entries__due where {condition})"
    )


DEBIT = "debit_amount > 0"
EXCHANGE = "posting_kind = 'realised_fx'"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update intermediate.int_journal_entries__due "
            "set debit_amount = debit_amount + 0.01 where " + due(DEBIT),
            id="a cent more is debited",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due "
            "set base_debit_amount = base_debit_amount + 0.01 where " + due(DEBIT),
            id="a cent more is debited in base currency",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due set debit_amount = null where "
            + due(DEBIT),
            id="a debit is null",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due set base_debit_amount = null, "
            "base_credit_amount = null where " + due(),
            id="one line has no base amount",
        ),
        pytest.param(
            f"delete from intermediate.int_journal_entries__due where {due(DEBIT)}",
            id="a line is missing",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due set currency = 'CHF' where " + due(DEBIT),
            id="debits and credits are in two currencies",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due set debit_amount = debit_amount + 5, "
            "credit_amount = credit_amount + 5 where " + due(),
            id="a line is debit and credit at once",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due set posting_kind = 'fx' where "
            + due(EXCHANGE),
            id="a line without an amount is no exchange difference",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due set posting_kind = null where "
            + due(EXCHANGE),
            id="a line without an amount has no kind",
        ),
        pytest.param(
            "insert into intermediate.int_journal_entries__due select * "
            "replace (0 as base_debit_amount, 0 as base_credit_amount) "
            "from intermediate.int_journal_entries__due where " + due(EXCHANGE),
            id="an exchange difference without an amount in base currency",
        ),
        pytest.param(
            "update intermediate.int_journal_entries__due "
            "set base_debit_amount = base_debit_amount + 5, "
            "base_credit_amount = base_credit_amount + 5 where " + due(EXCHANGE),
            id="an exchange difference is debit and credit at once",
        ),
    ],
)
def test_an_entry_that_does_not_balance_is_found(broken: Breaker, statement: str) -> None:
    assert broken(statement).fails(DEBITS) > 0


FIRST_KEY = "(select min(posting_key) from intermediate.int_journal_entries__due)"
LAST_KEY = "(select max(posting_key) from intermediate.int_journal_entries__due)"


def copied_entry(replacements: str) -> str:
    """Insert the first entry again, with some columns replaced."""
    return (
        f"insert into intermediate.int_journal_entries__due select * replace ({replacements}) "
        f"from intermediate.int_journal_entries__due where posting_key = {FIRST_KEY}"
    )


def posted(key: str, external_ids: list[str]) -> str:
    """Insert a result `posted` of the ledger, one attempt an external id."""
    rows = ", ".join(
        f"({key}, {attempt}, timestamp '2026-07-01 00:00:00', 'posted', '{external_id}')"
        for attempt, external_id in enumerate(external_ids, start=1)
    )
    return (
        "insert into staging.stg_ledger__posting_results "
        f"(posting_key, attempt, attempted_at, status, external_id) values {rows}"
    )


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            [
                f"update intermediate.int_journal_entries__due set posting_key = {FIRST_KEY} "
                f"where posting_key = {LAST_KEY}"
            ],
            id="two matches share a key",
        ),
        pytest.param(
            [copied_entry("repeat('0', 64) as posting_key")],
            id="one match has two keys",
        ),
        pytest.param(
            [posted(FIRST_KEY, ["L1", "L2"])],
            id="the ledger has one key twice",
        ),
        pytest.param(
            [posted("repeat('a', 64)", ["L1"])],
            id="an entry that the ledger has is gone",
        ),
        pytest.param(
            [
                copied_entry(
                    "repeat('0', 64) as posting_key, posting_key as reverses_posting_key, "
                    "2 * debit_amount as debit_amount"
                )
            ],
            id="a reversal takes back twice the amount",
        ),
        pytest.param(
            [
                copied_entry("repeat('0', 64) as posting_key, posting_key as reverses_posting_key"),
                copied_entry("repeat('1', 64) as posting_key, posting_key as reverses_posting_key"),
            ],
            id="an entry is reversed twice",
        ),
        pytest.param(
            [
                "update intermediate.int_journal_entries__due set line_number = 1 "
                f"where posting_key = {FIRST_KEY} and line_number <> 1"
            ],
            id="lines of an entry share a number",
        ),
    ],
)
def test_a_key_that_would_post_twice_is_found(broken: Breaker, statements: list[str]) -> None:
    assert broken(*statements).fails(ONCE) > 0


SHOWN_KEY = "(select min(posting_key) from marts.fct_journal_entries)"


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(
            [
                "update marts.fct_journal_entries set debit_amount = debit_amount + 0.01 where "
                + one("fct_journal_entries", DEBIT)
            ],
            id="a line is shown with another amount",
        ),
        pytest.param(
            [
                "update marts.fct_journal_entries set base_debit_amount = null, "
                f"base_credit_amount = null where posting_key = {SHOWN_KEY}"
            ],
            id="an entry is shown without base amounts",
        ),
        pytest.param(
            [f"delete from marts.fct_journal_entries where {one('fct_journal_entries')}"],
            id="a line is not shown",
        ),
        pytest.param(
            [
                "insert into marts.fct_journal_entries select * from marts.fct_journal_entries "
                f"where {one('fct_journal_entries')}"
            ],
            id="a line is shown twice",
        ),
        pytest.param(["delete from marts.fct_journal_entries"], id="no entry is shown"),
        pytest.param(
            [
                "update marts.fct_journal_entries set posting_status = 'held' where "
                + one("fct_journal_entries")
            ],
            id="half an entry is held",
        ),
        pytest.param(
            [
                "update marts.fct_journal_entries set posting_status = null where "
                + one("fct_journal_entries")
            ],
            id="a line has no status",
        ),
        pytest.param(
            [
                "update intermediate.int_journal_entries__due set base_debit_amount = null, "
                f"base_credit_amount = null where posting_key = {SHOWN_KEY}",
                "update marts.fct_journal_entries set base_debit_amount = null, "
                f"base_credit_amount = null where posting_key = {SHOWN_KEY}",
            ],
            id="an entry without base amounts is ready",
        ),
        pytest.param(
            [
                "update intermediate.int_journal_entries__due set match_id = 'm_unsealed' "
                f"where posting_key = {SHOWN_KEY}",
                "update marts.fct_journal_entries set match_id = 'm_unsealed' "
                f"where posting_key = {SHOWN_KEY}",
            ],
            id="an entry is ready that the audit trail does not hold",
        ),
        pytest.param(
            [posted(SHOWN_KEY, ["L1"])],
            id="an entry that the ledger has would be posted again",
        ),
    ],
)
def test_an_entry_that_is_not_shown_as_checked_is_found(
    broken: Breaker, statements: list[str]
) -> None:
    assert broken(*statements).fails(SHOWN) > 0
