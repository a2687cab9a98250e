"""The tables of the review inbox. Rows are added and never changed; only saved views may go.

Moments are naive UTC; amounts stand as text inside JSON, because the smallest unit counts.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

decisions = sa.Table(
    "decisions",
    METADATA,
    # ids sort by the order in which decisions were taken
    sa.Column("decision_id", sa.String(64), primary_key=True),
    sa.Column("decided_at", sa.DateTime, nullable=False),
    sa.Column("actor", sa.String(320), nullable=False),
    sa.Column("actor_name", sa.String(320), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("match_id", sa.String(200)),
    sa.Column("exception_id", sa.String(200)),
    sa.Column("items", sa.Text),
    sa.Column("reason_code", sa.String(80)),
    sa.Column("comment", sa.Text),
    sa.Column("case_id", sa.String(200), nullable=False),
    # the decision on this case before, '' for the first: two people cannot follow the same one
    sa.Column("follows", sa.String(64), nullable=False),
    sa.Column("basis", sa.String(64), nullable=False),
    # null: nobody has to second it
    sa.Column("second_permission", sa.String(40)),
    sa.Column("preview", sa.Text, nullable=False),
    sa.UniqueConstraint("case_id", "follows", name="decisions_follow_once"),
)

votes = sa.Table(
    "votes",
    METADATA,
    sa.Column(
        "decision_id", sa.String(64), sa.ForeignKey("decisions.decision_id"), primary_key=True
    ),
    sa.Column("voted_at", sa.DateTime, nullable=False),
    sa.Column("actor", sa.String(320), nullable=False),
    sa.Column("actor_name", sa.String(320), nullable=False),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("comment", sa.Text),
    sa.CheckConstraint("verdict in ('seconded', 'declined')", name="votes_verdict"),
)

withdrawals = sa.Table(
    "withdrawals",
    METADATA,
    sa.Column(
        "decision_id", sa.String(64), sa.ForeignKey("decisions.decision_id"), primary_key=True
    ),
    sa.Column("withdrawn_at", sa.DateTime, nullable=False),
    sa.Column("actor", sa.String(320), nullable=False),
    sa.Column("comment", sa.Text),
)

exports = sa.Table(
    "exports",
    METADATA,
    sa.Column(
        "decision_id", sa.String(64), sa.ForeignKey("decisions.decision_id"), primary_key=True
    ),
    sa.Column("file_name", sa.String(200), nullable=False, index=True),
    sa.Column("exported_at", sa.DateTime, nullable=False),
    # the row as it stands in the file, so that a lost file is written again byte by byte
    sa.Column("line", sa.Text, nullable=False),
)

access_log = sa.Table(
    "access_log",
    METADATA,
    sa.Column("entry_id", sa.String(64), primary_key=True),
    sa.Column("at", sa.DateTime, nullable=False, index=True),
    sa.Column("actor", sa.String(320), nullable=False),
    sa.Column("actor_name", sa.String(320), nullable=False),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("permission", sa.String(40)),
    sa.Column("detail", sa.Text, nullable=False),
)

operations = sa.Table(
    "operations",
    METADATA,
    sa.Column("operation_id", sa.String(64), primary_key=True),
    sa.Column("recorded_at", sa.DateTime, nullable=False),
    sa.Column("actor", sa.String(320), nullable=False),
    sa.Column("actor_name", sa.String(320), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("starts_at", sa.DateTime, nullable=False),
    sa.Column("ends_at", sa.DateTime),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Index("operations_by_key", "kind", "key"),
)

saved_views = sa.Table(
    "saved_views",
    METADATA,
    sa.Column("view_id", sa.String(64), primary_key=True),
    sa.Column("saved_at", sa.DateTime, nullable=False),
    sa.Column("owner", sa.String(320), nullable=False),
    sa.Column("page", sa.String(80), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.UniqueConstraint("owner", "page", "name", name="saved_views_have_one_name"),
)

# what `orchestration/alerting` has to tell whom: the intent, written before anything is sent
alert_notifications = sa.Table(
    "alert_notifications",
    METADATA,
    sa.Column("notification_id", sa.String(64), primary_key=True),
    sa.Column("created_at", sa.DateTime, nullable=False, index=True),
    # one alert from its first word to its resolution; it opens anew under a number of its own
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("incident", sa.Integer, nullable=False),
    sa.Column("event", sa.String(20), nullable=False),
    # counts the events of a kind in an incident
    sa.Column("round", sa.Integer, nullable=False),
    # a name in alerts.yml: its address is a secret, and stands nowhere here
    sa.Column("destination", sa.String(80), nullable=False),
    sa.Column("person", sa.String(80)),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("alert_name", sa.String(80), nullable=False),
    sa.Column("severity", sa.String(20), nullable=False),
    sa.Column("group_key", sa.String(200), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    # what makes two deliverers never write the same one twice
    sa.UniqueConstraint(
        "fingerprint", "incident", "event", "round", "destination", name="alert_notifications_once"
    ),
)

alert_attempts = sa.Table(
    "alert_attempts",
    METADATA,
    sa.Column(
        "notification_id",
        sa.String(64),
        sa.ForeignKey("alert_notifications.notification_id"),
        primary_key=True,
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    # `begun` before it is sent, then what came of it
    sa.Column("outcome", sa.String(20), primary_key=True),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("detail", sa.Text),
    sa.CheckConstraint(
        "outcome in ('begun', 'delivered', 'failed', 'unknown', 'obsolete')",
        name="alert_attempts_outcome",
    ),
)

APPEND_ONLY = (
    decisions,
    votes,
    withdrawals,
    exports,
    access_log,
    operations,
    alert_notifications,
    alert_attempts,
)
"""Triggers refuse to change, delete or replace a row of these."""
