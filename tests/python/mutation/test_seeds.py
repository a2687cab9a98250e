"""Rows of seeds that name what there is not: break the seeds, see the guard fail."""

from __future__ import annotations

from tests.python.mutation.warehouse_copy import Copy

SEEDS = "assert_seeds_name_what_exists"
POLICIES = "intake_policies_is_well_formed"

# each with how many rows the guard reports for it
BROKEN = {
    "update seeds.match_rules set pass = 'stated_referenc' where rule_id = 'ir_stated_rounding'": 1,
    "update seeds.match_rules set relation = 'partly' where rule_id = 'ir_text_partial'": 1,
    "update seeds.match_rules set method = 'sure' where rule_id = 'ir_text_exact'": 1,
    "update seeds.match_rules set reconciliation = 'invoice_to_receit' "
    "where rule_id = 'ir_text_overpaid'": 1 + 1,  # alone there, it has no mismatch rule either
    "update seeds.match_rules set adjustment_kind = 'discont' "
    "where rule_id = 'ir_text_discount'": 1,
    "update seeds.match_rules set adjustment_kind = null where rule_id = 'ir_text_charges'": 1,
    "delete from seeds.match_rules where rule_id = 'ir_weak_mismatch'": 1,
    "delete from seeds.posting_rules where reconciliation = 'invoice_to_receipt' "
    "and posting_kind = 'short_pay'": 3,
    "update seeds.posting_rules set debit_role = 'sundry' "
    "where reconciliation = 'payout_to_bank' and posting_kind = 'payout'": 1,
    "update seeds.exception_rules set exception_type = 'odd' "
    "where condition = 'chargeback_stands'": 1,
    "update seeds.exception_rules set root_cause = 'odd' where condition = 'currency_rest'": 1,
    "update seeds.exception_rules set condition = 'review_odd' "
    "where condition = 'review_several_fit'": 1,
    "update seeds.match_windows set reconciliation = 'odd' "
    "where reconciliation = 'bank_to_ledger' and side = 'actual'": 1,
}


def test_a_row_that_names_what_there_is_not_stops_the_build(copy: Copy) -> None:
    copy.passes(SEEDS)
    for statement in BROKEN:
        copy.breaks(statement)
    assert copy.fails(SEEDS) == sum(BROKEN.values())


def test_a_policy_that_nobody_could_follow_stops_the_build(copy: Copy) -> None:
    wrong = {
        "wait_seconds = -1": "policy = 'strategic'",
        "wait_seconds = 86401": "policy = 'all_else'",
        "least_amount = -0.01": "policy = 'large_charge'",
        "feed = 'gatway_transactions'": "policy = 'large_invoice'",
        "tier = 'standard'": "policy = 'key_customers'",
    }
    copy.passes(POLICIES)
    for change, row in wrong.items():
        copy.breaks(f"update seeds.intake_policies set {change} where {row}")
    assert copy.fails(POLICIES) == len(wrong)
