"""The game days: which fault is put in, how it is put right, and which alert is its own.

A new one is a function that injects, one that repairs, and a row of `SCENARIOS`.
"""

from __future__ import annotations

from orchestration import run_notices
from orchestration.gamedays import data_faults as data
from orchestration.gamedays import system_faults as system
from orchestration.gamedays.drill import Scenario
from orchestration.gamedays.signals import RUN_FAILED, Expected
from orchestration.home import TieoutError

SILENT_GATEWAY = ("gateway_transactions", "gateway_payouts")

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "gateway_outage",
            "provider outage",
            data.silent(*SILENT_GATEWAY),
            data.late(*SILENT_GATEWAY),
            (Expected("feed_silent", "feed_late", "gateway_transactions"),),
        ),
        Scenario(
            "late_statements",
            "late bank statements",
            data.silent("bank_statements"),
            data.late("bank_statements"),
            (Expected("feed_silent", "feed_late", "bank_transactions"),),
        ),
        Scenario(
            "late_payments",
            "late payments",
            data.unpaid,
            data.paid_late,
            (Expected("revenue_at_risk", "customer_has_not_paid"),),
        ),
        Scenario(
            "doubled_invoices",
            "duplicates",
            data.double,
            data.void_copies,
            (
                Expected("high_exceptions", "invoiced_twice"),
                Expected("slo_burn_very_fast", subject="duplicate_invoice_rate"),
            ),
        ),
        Scenario(
            "queue_surge",
            "backlog",
            data.surge,
            data.relieve,
            (Expected(run_notices.QUEUE_SURGED),),
        ),
        Scenario(
            "currency",
            "currency",
            data.wrong_currency,
            data.right_currency,
            (Expected(run_notices.CURRENCY_DIFFERS),),
        ),
        Scenario(
            "missing_ids",
            "missing ids",
            data.instead(
                "gateway_transactions",
                data.without_ids,
                "the gateway's export has lost the ids of its last day",
            ),
            data.mend("gateway_transactions"),
            (Expected("quarantine_waiting", None, "gateway_transactions"),),
        ),
        Scenario(
            "changed_schema",
            "schema change",
            data.instead(
                "gateway_payouts", data.renamed, "the gateway calls payout_id settlement_id"
            ),
            data.mend("gateway_payouts"),
            (Expected("quarantine_waiting", None, "gateway_payouts"),),
        ),
        Scenario(
            "poisoned_file",
            "hostile file",
            data.poison,
            data.antidote,
            (Expected("quarantine_waiting", None, "bank_statements"),),
        ),
        Scenario(
            "wrong_time_zone",
            "time zones",
            data.nine_hours_ahead,
            data.right_moments,
            (Expected(run_notices.FEED_AHEAD, says="billing_invoices/"),),
        ),
        Scenario(
            "loose_threshold",
            "false positives",
            system.undo,
            system.left_to_people,
            # the person who finds the closes wrong decides by a file
            (
                Expected("rule_breaker_open", "rule_stopped"),
                Expected(run_notices.DECISION_BY_FILE),
            ),
        ),
        Scenario(
            "unauthorized_access",
            "unauthorized access",
            system.knock,
            system.nothing,
            (Expected(run_notices.ACCESS_REFUSED),),
        ),
        Scenario(
            "clock_skew",
            "clock",
            system.clock_back,
            system.clock_right,
            (Expected(RUN_FAILED, says="into the past"),),
            stops=True,
        ),
        Scenario(
            "disk_full",
            "disk",
            system.full_disk,
            system.free_disk,
            (Expected(RUN_FAILED),),
            stops=True,
        ),
        Scenario(
            "corrupted_warehouse",
            "damaged database",
            system.corrupt_warehouse,
            system.nothing,
            (Expected(RUN_FAILED, says="is damaged"),),
            stops=True,
        ),
        Scenario(
            "lost_warehouse",
            "lost database",
            system.lose_warehouse,
            system.nothing,
            (Expected(run_notices.WAREHOUSE_LOST),),
        ),
        Scenario(
            "tampering",
            "tampering",
            system.tamper,
            system.restore,
            (Expected(run_notices.JOURNAL_DAMAGED),),
        ),
    )
}


def named(names: list[str]) -> list[Scenario]:
    """The scenarios of these names; `all` names every one.

    Raises:
        TieoutError: when there is none of a name.
    """
    if names == ["all"]:
        return list(SCENARIOS.values())
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        raise TieoutError(
            f"No game day is called {', '.join(unknown)}. There are: {', '.join(SCENARIOS)}."
        )
    return [SCENARIOS[name] for name in names]
