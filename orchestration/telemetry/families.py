"""Every metric that tieout exports: names and units by Prometheus' conventions, help, labels.

Labels take few values: never an id of an invoice, a customer or a run. Amounts of money are in the
reporting currency, which is a label. What has no value is left out, so that `absent()` finds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Family:
    """One metric. `source` is a file of `queries/`, or what `sources.py` reads; `column` its value.

    `given` are labels whose value is not a column: one sample each for several columns of a row.
    """

    name: str
    help: str
    source: str
    column: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"
    given: tuple[tuple[str, str], ...] = ()


FAMILIES = (
    # ---- service levels
    Family(
        "tieout_sli_ratio",
        "Indicator that is a share, over the window that ends now.",
        "slis",
        "ratio",
        ("sli", "window"),
    ),
    Family(
        "tieout_sli_seconds",
        "Indicator that is a mean duration, over the window that ends now.",
        "slis",
        "seconds",
        ("sli", "window"),
    ),
    Family(
        "tieout_sli_items",
        "Indicator that is a number of things.",
        "slis",
        "items",
        ("sli", "window"),
    ),
    Family(
        "tieout_sli_events",
        "Events in the window of an indicator, good and bad.",
        "slis",
        "events",
        ("sli", "window"),
    ),
    Family(
        "tieout_sli_met",
        "Whether the indicator keeps its promise; missing without events.",
        "slis",
        "met",
        ("sli", "window"),
    ),
    Family("tieout_sli_target_ratio", "What a share promises.", "targets", "ratio", ("sli",)),
    Family(
        "tieout_sli_target_seconds", "What a duration promises.", "targets", "seconds", ("sli",)
    ),
    Family("tieout_sli_target_items", "What a number promises.", "targets", "items", ("sli",)),
    Family(
        "tieout_sli_breakdown_ratio",
        "Indicator that is a share, of the company, a customer tier or a gateway; also by month.",
        "breakdowns",
        "ratio",
        ("sli", "dimension", "part", "window"),
    ),
    Family(
        "tieout_sli_breakdown_seconds",
        "Indicator that is a mean duration, also of a customer tier or a gateway.",
        "breakdowns",
        "seconds",
        ("sli", "dimension", "part", "window"),
    ),
    Family(
        "tieout_sli_breakdown_items",
        "Indicator that is a number of things, on the mean day, also of a tier or a gateway.",
        "breakdowns",
        "items",
        ("sli", "dimension", "part", "window"),
    ),
    Family(
        "tieout_cost_per_matched_invoice",
        "What runs cost per invoice that they matched, of the company, a tier or a gateway.",
        "costs",
        "exported_cost",
        ("dimension", "part", "window", "currency"),
    ),
    Family(
        "tieout_slo_objective_ratio",
        "Share of events that must be good.",
        "error_budgets",
        "objective",
        ("slo", "window"),
    ),
    Family(
        "tieout_slo_events",
        "Events in the window before the published run's moment.",
        "error_budgets",
        "events",
        ("slo", "window"),
    ),
    Family(
        "tieout_slo_bad_events",
        "Events in the window that missed the target.",
        "error_budgets",
        "bad_events",
        ("slo", "window"),
    ),
    Family(
        "tieout_error_budget_burn_rate",
        "How fast the error budget burns: 1 uses it up exactly.",
        "error_budgets",
        "burn_rate",
        ("slo", "window"),
    ),
    Family(
        "tieout_error_budget_remaining_ratio",
        "Share of the window's error budget that is left; negative when overspent.",
        "error_budgets",
        "budget_remaining",
        ("slo", "window"),
    ),
    # ---- alerts and the queue
    Family(
        "tieout_alerts",
        "Alerts of the published run.",
        "alerts",
        "alerts",
        ("alert_name", "severity", "state", "root_cause"),
    ),
    Family(
        "tieout_alerts_revenue_at_risk",
        "Money at risk that alerts speak of, in the reporting currency.",
        "alerts",
        "revenue_at_risk",
        ("alert_name", "severity", "state", "root_cause"),
    ),
    Family(
        "tieout_open_cases",
        "Cases that wait for a person.",
        "cases",
        "cases",
        ("reconciliation", "root_cause", "severity"),
    ),
    Family(
        "tieout_open_cases_past_deadline",
        "Cases that wait for a person and are past their deadline.",
        "cases",
        "late",
        ("reconciliation", "root_cause", "severity"),
    ),
    Family(
        "tieout_open_cases_revenue_at_risk",
        "Money at risk in open cases, in the reporting currency.",
        "cases",
        "revenue_at_risk",
        ("reconciliation", "root_cause", "severity"),
    ),
    # ---- what was reconciled
    Family(
        "tieout_documents",
        "Invoices and credit memos by what has become of them.",
        "invoices",
        "documents",
        ("document_type", "status"),
    ),
    Family(
        "tieout_matches",
        "Matches by rule; decision auto_closed: closed without a person.",
        "matches",
        "matches",
        ("reconciliation", "rule", "decision"),
    ),
    Family(
        "tieout_rule_certified",
        "Whether a rule that closes by itself holds its certificate.",
        "rules",
        "is_certified",
        ("rule",),
    ),
    Family(
        "tieout_rule_stopped",
        "Whether a rule's circuit breaker keeps it from closing.",
        "rules",
        "is_stopped",
        ("rule",),
    ),
    Family(
        "tieout_receivables_open_amount",
        "Open receivables in the reporting currency.",
        "money",
        "open",
        ("currency",),
    ),
    Family(
        "tieout_receivables_overdue_amount",
        "Receivables past due in the reporting currency.",
        "money",
        "overdue",
        ("currency",),
    ),
    Family(
        "tieout_revenue_at_risk_amount",
        "Revenue at risk in the reporting currency.",
        "money",
        "revenue_at_risk",
        ("currency",),
    ),
    Family(
        "tieout_postings",
        "Postings to the ledger by what has become of them.",
        "postings",
        "postings",
        ("status",),
    ),
    Family(
        "tieout_audit_blocks", "Sealed blocks of the journal.", "audit", "blocks", (), "counter"
    ),
    Family(
        "tieout_audit_entries", "Sealed entries of the journal.", "audit", "entries", (), "counter"
    ),
    # ---- feeds
    Family(
        "tieout_feed_files",
        "Landed files that published runs have read.",
        "feeds",
        "files",
        ("feed",),
        "counter",
    ),
    *(
        Family(
            "tieout_feed_rows",
            "Rows of landed files that published runs have read, by what has become of them.",
            "feeds",
            outcome,
            ("feed",),
            "counter",
            (("outcome", outcome),),
        )
        for outcome in ("loaded", "redelivered", "quarantined")
    ),
    Family(
        "tieout_feed_last_landed_timestamp_seconds",
        "When the newest file of a feed landed.",
        "feeds",
        "landed_at",
        ("feed",),
    ),
    Family(
        "tieout_feed_last_event_timestamp_seconds",
        "The newest event that a feed tells of.",
        "feeds",
        "event_at",
        ("feed",),
    ),
    Family(
        "tieout_feed_backlog_files",
        "Landed files that no published run has read.",
        "backlog",
        "files",
        ("feed",),
    ),
    Family(
        "tieout_feed_backlog_bytes",
        "Size of the landed files that no published run has read.",
        "backlog",
        "bytes",
        ("feed",),
    ),
    Family(
        "tieout_feed_backlog_oldest_timestamp_seconds",
        "When the oldest file landed that no published run has read.",
        "backlog",
        "oldest",
        ("feed",),
    ),
    Family(
        "tieout_quarantine_rows",
        "Rejected rows that nothing has replaced yet.",
        "quarantine",
        "rows",
        ("feed",),
    ),
    Family(
        "tieout_quarantine_files",
        "Rejected files that nothing has replaced yet.",
        "quarantine",
        "files",
        ("feed",),
    ),
    Family(
        "tieout_gateway_last_event_timestamp_seconds",
        "Day of the newest transaction of a gateway.",
        "gateways",
        "event_at",
        ("gateway",),
    ),
    Family(
        "tieout_gateway_open_items",
        "Transactions of a gateway that no payout explains yet.",
        "gateways",
        "open_items",
        ("gateway",),
    ),
    # ---- runs
    Family(
        "tieout_last_success_timestamp_seconds",
        "End of the last run that published.",
        "runs",
        "last_success",
    ),
    Family(
        "tieout_published_as_of_timestamp_seconds",
        "The moment that the publication speaks for.",
        "published",
        "as_of",
    ),
    Family(
        "tieout_run_failed",
        "Whether the last run that has ended failed, or was stopped.",
        "runs",
        "failed",
    ),
    Family("tieout_run_in_progress", "Whether a run is under way.", "runs", "in_progress"),
    Family("tieout_run_start_timestamp_seconds", "Start of the newest run.", "runs", "started_at"),
    Family(
        "tieout_run_duration_seconds",
        "How long the last run took that has ended.",
        "runs",
        "seconds",
    ),
    Family(
        "tieout_run_step_duration_seconds",
        "How long each step of that run took.",
        "steps",
        "seconds",
        ("step",),
    ),
    Family(
        "tieout_recent_runs",
        "Runs among the kept records, by outcome.",
        "outcomes",
        "runs",
        ("outcome",),
    ),
    Family("tieout_run_rows_read", "Rows that the published run read.", "published", "rows_in"),
    Family(
        "tieout_run_matches_made",
        "Matches that the published run made.",
        "published",
        "matches_made",
    ),
    Family(
        "tieout_run_auto_closed",
        "Matches that the published run closed by itself.",
        "published",
        "auto_closed",
    ),
    Family(
        "tieout_run_cost_per_match",
        "What the published run cost per match.",
        "published",
        "cost_per_match",
        ("currency",),
    ),
    # ---- events of webhooks and streams
    Family(
        "tieout_intake_waiting_events",
        "Events that are durable and in no landed file yet.",
        "intake",
        "events",
    ),
    Family("tieout_intake_waiting_bytes", "Size of the events that wait.", "intake", "bytes"),
    Family(
        "tieout_intake_oldest_waiting_timestamp_seconds",
        "When the oldest event came that is in no landed file yet.",
        "intake",
        "oldest",
    ),
    Family(
        "tieout_intake_events",
        "Events that were landed, by what has become of them.",
        "intake_outcomes",
        "events",
        ("outcome",),
        "counter",
    ),
    Family(
        "tieout_intake_last_event_timestamp_seconds",
        "When the newest of the kept events came.",
        "intake",
        "last_event",
    ),
    Family(
        "tieout_intake_refused_events",
        "Events that the receiver has refused since it started.",
        "intake_refused",
        "events",
        ("reason",),
        "counter",
    ),
    Family(
        "tieout_intake_process_seen_timestamp_seconds",
        "When receiver, consumer, watch or spool last said how it is; none once it was stopped.",
        "intake_processes",
        "at",
        ("process",),
    ),
    Family(
        "tieout_intake_process_stopped_timestamp_seconds",
        "When a receiver, consumer or watch was stopped in order and not started again.",
        "intake_processes",
        "stopped",
        ("process",),
    ),
    Family(
        "tieout_intake_stream_lag_events",
        "Entries of the stream that the consumer's group has not been given yet.",
        "intake_processes",
        "lag",
        ("process",),
    ),
    Family(
        "tieout_intake_stream_pending_events",
        "Entries that the group was given and has not acknowledged.",
        "intake_processes",
        "pending",
        ("process",),
    ),
    # ---- people
    Family(
        "tieout_alert_notifications",
        "The newest thousand messages about alerts, by what came of them.",
        "notifications",
        "notifications",
        ("severity", "state"),
    ),
    Family(
        "tieout_review_decisions_waiting",
        "Decisions of people that no run has sealed, by state.",
        "inbox",
        "decisions",
        ("state",),
    ),
)

SOURCE_UP = "tieout_metrics_source_up"
SOURCE_UP_HELP = "Whether what these metrics come from could be read."
BUILD_INFO = "tieout_build_info"
BUILD_INFO_HELP = "Version of tieout; always 1."
