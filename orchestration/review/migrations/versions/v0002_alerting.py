"""What was to be told to whom about alerts, and what came of it (`orchestration/alerting`)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# per table: its primary key, and what else is unique
APPEND_ONLY: dict[str, list[tuple[str, ...]]] = {
    "alert_notifications": [
        ("notification_id",),
        ("fingerprint", "incident", "event", "round", "destination"),
    ],
    "alert_attempts": [("notification_id", "number", "outcome")],
}


def upgrade() -> None:
    op.create_table(
        "alert_notifications",
        sa.Column("notification_id", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("incident", sa.Integer, nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("destination", sa.String(80), nullable=False),
        sa.Column("person", sa.String(80)),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("alert_name", sa.String(80), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("group_key", sa.String(200), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint(
            "fingerprint",
            "incident",
            "event",
            "round",
            "destination",
            name="alert_notifications_once",
        ),
    )
    op.create_index("ix_alert_notifications_created_at", "alert_notifications", ["created_at"])
    op.create_table(
        "alert_attempts",
        sa.Column(
            "notification_id",
            sa.String(64),
            sa.ForeignKey("alert_notifications.notification_id"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("detail", sa.Text),
        sa.CheckConstraint(
            "outcome in ('begun', 'delivered', 'failed', 'unknown', 'obsolete')",
            name="alert_attempts_outcome",
        ),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, keys in APPEND_ONLY.items():
        if is_sqlite:
            _forbid_changes_on_sqlite(table, keys)
        else:
            _forbid_changes_on_postgresql(table)


def _forbid_changes_on_sqlite(table: str, keys: list[tuple[str, ...]]) -> None:
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


def _forbid_changes_on_postgresql(table: str) -> None:
    op.execute(
        f"create trigger {table}_no_change before update or delete on {table} "
        "for each row execute function refuse_change()"
    )
    op.execute(
        f"create trigger {table}_no_truncate before truncate on {table} "
        "for each statement execute function refuse_change()"
    )
