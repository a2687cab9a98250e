"""What happens to a company between two runs, each as a seeded possibility.

An event is a generator: it lands rows until it ends, and what it lands after a `yield` the next run
finds. It lands nothing where the company has nothing that it could happen to.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.python.splits import (
    changed_records,
    facts_for_later,
    late_facts,
    orders_of_people,
)
from tests.python.splits.books import Books, Steps

Event = Callable[[Books], Steps]

EVENTS: tuple[Event, ...] = (
    changed_records.invoice_corrected,
    changed_records.closed_invoice_corrected,
    changed_records.invoice_renumbered,
    changed_records.invoice_of_another_customer,
    changed_records.charge_corrected,
    changed_records.charge_amount_corrected,
    changed_records.bank_line_corrected,
    changed_records.bank_amount_corrected,
    changed_records.ledger_line_corrected,
    changed_records.payout_corrected,
    changed_records.bill_corrected,
    changed_records.bill_comes_late,
    changed_records.customer_renamed,
    changed_records.customer_known_by_another_name,
    changed_records.customer_loses_its_account,
    changed_records.customer_gets_a_parent,
    changed_records.customer_comes_late,
    changed_records.version_rejected_then_mended,
    changed_records.charge_rejected,
    changed_records.invoice_voided,
    changed_records.closed_invoice_voided_and_opened,
    changed_records.draft_opened,
    changed_records.charge_failed,
    changed_records.charge_pending_then_final,
    changed_records.payout_failed,
    changed_records.payout_pending_then_paid,
    orders_of_people.match_undone,
    orders_of_people.match_approved,
    orders_of_people.match_rejected,
    orders_of_people.linked_by_hand_then_undone,
    orders_of_people.written_off_then_approved,
    orders_of_people.copy_marked,
    orders_of_people.marked_not_ours,
    orders_of_people.exception_worked_on,
    orders_of_people.order_that_cannot_be_done,
    late_facts.rate_of_a_day_gone_by,
    late_facts.rate_corrected,
    late_facts.rate_of_an_unknown_currency,
    late_facts.invoice_whose_earlier_copy_comes,
    late_facts.invoice_written_twice,
    late_facts.copy_of_a_key_becomes_a_neighbour,
    late_facts.charge_whose_earlier_copy_comes,
    late_facts.bank_line_told_again,
    late_facts.bank_line_told_by_a_statement,
    late_facts.bank_line_told_by_a_notification_first,
    late_facts.bill_whose_earlier_copy_comes,
    late_facts.payee_known_by_a_later_payment,
    late_facts.rows_of_long_ago,
    late_facts.ledger_line_comes_late,
    late_facts.advice_comes_late,
    late_facts.credit_memo_for_what_is_closed,
    late_facts.refund_of_what_is_closed,
    late_facts.chargeback_then_reversed,
    late_facts.bank_payment_returned,
    late_facts.account_comes_late,
    late_facts.account_described_anew,
    late_facts.gap_of_statements_closed,
    orders_of_people.entries_posted,
    orders_of_people.paused_then_resumed,
    orders_of_people.paused_then_resumed_for_a_customer,
    facts_for_later.invoice_and_charge_of_tomorrow,
    facts_for_later.payout_of_tomorrow,
    facts_for_later.lines_of_tomorrow,
    facts_for_later.version_of_tomorrow,
    facts_for_later.closed_match_confirmed,
    facts_for_later.closed_match_confirmed_tomorrow,
    facts_for_later.entry_answered_tomorrow,
    facts_for_later.payer_learned_then_removed_tomorrow,
    facts_for_later.payouts_told_by_the_bank_first,
    facts_for_later.original_gets_terms,
    facts_for_later.customer_gets_terms_and_a_name,
    facts_for_later.copy_renumbered,
    facts_for_later.earlier_and_earlier_copies_come,
    facts_for_later.bank_line_told_again_with_charges,
    facts_for_later.closed_invoice_of_another_day,
    facts_for_later.closed_memo_of_another_day,
    facts_for_later.part_linked_by_hand_then_the_rest_paid,
    facts_for_later.charge_used_up_by_its_fee,
    facts_for_later.money_changed_between_accounts,
    facts_for_later.many_documents_come_twice,
    facts_for_later.rule_found_to_be_false,
    facts_for_later.written_off_then_declined,
    facts_for_later.order_and_receipt_corrected,
    facts_for_later.rate_of_today,
)

OF_ONE_DAY: tuple[Event, ...] = (
    orders_of_people.ledger_match_undone,
    changed_records.ledger_line_corrected,
    late_facts.ledger_line_comes_late,
    orders_of_people.match_undone,
)
"""One after the other within a day: what bank and books alone are told, and what is none of it."""
