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

APPEND_ONLY = (decisions, votes, withdrawals, exports, access_log, operations)
"""Triggers refuse to change, delete or replace a row of these."""
