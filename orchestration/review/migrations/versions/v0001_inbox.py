"""The first tables, and the triggers that let nothing be changed.

The tables are written out here, not taken from `tables.py`: what was released stays as it was.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# per table: its primary key, and what else is unique
APPEND_ONLY: dict[str, list[tuple[str, ...]]] = {
    "decisions": [("decision_id",), ("case_id", "follows")],
    "votes": [("decision_id",)],
    "withdrawals": [("decision_id",)],
    "exports": [("decision_id",)],
    "access_log": [("entry_id",)],
    "operations": [("operation_id",)],
}


def upgrade() -> None:
    op.create_table(
        "decisions",
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
        sa.Column("follows", sa.String(64), nullable=False),
        sa.Column("basis", sa.String(64), nullable=False),
        sa.Column("second_permission", sa.String(40)),
        sa.Column("preview", sa.Text, nullable=False),
        sa.UniqueConstraint("case_id", "follows", name="decisions_follow_once"),
    )
    op.create_table(
        "votes",
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
    op.create_table(
        "withdrawals",
        sa.Column(
            "decision_id", sa.String(64), sa.ForeignKey("decisions.decision_id"), primary_key=True
        ),
        sa.Column("withdrawn_at", sa.DateTime, nullable=False),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("comment", sa.Text),
    )
    op.create_table(
        "exports",
        sa.Column(
            "decision_id", sa.String(64), sa.ForeignKey("decisions.decision_id"), primary_key=True
        ),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("exported_at", sa.DateTime, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
    )
    op.create_index("ix_exports_file_name", "exports", ["file_name"])
    op.create_table(
        "access_log",
        sa.Column("entry_id", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("permission", sa.String(40)),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_access_log_at", "access_log", ["at"])
    op.create_table(
        "operations",
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
    )
    op.create_index("operations_by_key", "operations", ["kind", "key"])
    op.create_table(
        "saved_views",
        sa.Column("view_id", sa.String(64), primary_key=True),
        sa.Column("saved_at", sa.DateTime, nullable=False),
        sa.Column("owner", sa.String(320), nullable=False),
        sa.Column("page", sa.String(80), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.UniqueConstraint("owner", "page", "name", name="saved_views_have_one_name"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _forbid_changes_on_sqlite()
    else:
        _forbid_changes_on_postgresql()


def _forbid_changes_on_sqlite() -> None:
    for table, keys in APPEND_ONLY.items():
        for event in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{event} before {event} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end"
            )
        # `insert or replace` deletes what it replaces without asking the trigger above
        for number, key in enumerate(keys, start=1):
            same = " and ".join(f"{column} = new.{column}" for column in key)
            op.execute(
                f"create trigger {table}_no_replace_{number} before insert on {table} "
                f"when exists (select 1 from {table} where {same}) "
                f"begin select raise(abort, 'UNIQUE: {table} has this {key[-1]} already'); end"
            )


def _forbid_changes_on_postgresql() -> None:
    op.execute(
        "create function refuse_change() returns trigger language plpgsql as $$ "
        "begin raise exception '% is append-only', tg_table_name; end $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger {table}_no_change before update or delete on {table} "
            "for each row execute function refuse_change()"
        )
        op.execute(
            f"create trigger {table}_no_truncate before truncate on {table} "
            "for each statement execute function refuse_change()"
        )
