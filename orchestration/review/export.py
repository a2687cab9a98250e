"""From the inbox into the feed: final decisions become files in `landing/review_decisions/`.

What goes into which file is written to the inbox first, in one transaction; then files that are
missing are written. Killed in between, the next export writes the file: the same lines make the
same bytes, and the same bytes are the same batch. Two exporters never give one decision to two
files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from orchestration import progress
from orchestration.files import replacing
from orchestration.home import Home, TieoutError, wall_clock
from orchestration.review import inbox
from orchestration.review.tables import decisions, exports, votes, withdrawals
from orchestration.run_context import known_batches

FEED = "review_decisions"
_NAME_DIGITS = 32


class ForeignExport(TieoutError):
    """A file that bears the name of an export holds something else."""


def export(
    home: Home, *, as_of: datetime | None = None, until: datetime | None = None
) -> Path | None:
    """Give the final decisions to a new file; None when there are none.

    `as_of` is the moment that runs of this home are steered to (`TIEOUT_AS_OF`): a decision that
    was taken later by the clock on the wall counts as taken then. `until` leaves later decisions
    to the next export.

    Raises:
        InboxUnavailable: when the inbox does not answer; nothing is exported then.
        ForeignExport: when a file of an export's name holds something else.
    """
    if not inbox.exists(home):
        return None
    with inbox.of(home).writing() as connection:
        lines = {
            row["decision_id"]: _line(row, as_of)
            for row in _final(connection)
            if until is None or _final_at(row) <= until
        }
        name = file_name(lines.values()) if lines else None
        if name is not None:
            at = wall_clock()
            connection.execute(
                exports.insert(),
                [
                    {
                        "decision_id": decision_id,
                        "file_name": name,
                        "exported_at": at,
                        "line": line,
                    }
                    for decision_id, line in lines.items()
                ],
            )
    _write_missing(home)
    return home.feed_landing(FEED) / name if name is not None else None


def export_for_run(
    home: Home, *, as_of: datetime | None = None, until: datetime | None = None
) -> None:
    """Export at the start of a run, which goes on without an inbox that does not answer.

    Raises:
        ForeignExport: when the run would read decisions that nobody took.
    """
    try:
        export(home, as_of=as_of, until=until)
    except inbox.InboxUnavailable as error:
        progress.current().note(
            f"  {error}\n  The run goes on; what people decided waits for the next one."
        )


def not_loaded(home: Home) -> list[str]:
    """Files of decisions that no run has read yet, by name."""
    if not inbox.exists(home):
        return []
    with inbox.of(home).reading() as connection:
        names = _names(connection)
    loaded = {
        f"decisions-{batch_id[:_NAME_DIGITS]}.jsonl"
        for feed, batch_id, _ in known_batches(home)
        if feed == FEED
    }
    return sorted(set(names) - loaded)


def file_name(lines: Iterable[str]) -> str:
    """Named by its content."""
    return f"decisions-{hashlib.sha256(_content(lines)).hexdigest()[:_NAME_DIGITS]}.jsonl"


def _content(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def _final(connection: Connection) -> list[RowMapping]:
    """Decisions that wait for nobody, were not taken back, and are in no file."""
    return list(
        connection.execute(
            sa.select(decisions, votes.c.actor.label("second"), votes.c.voted_at)
            .select_from(
                decisions.outerjoin(votes, votes.c.decision_id == decisions.c.decision_id)
                .outerjoin(withdrawals, withdrawals.c.decision_id == decisions.c.decision_id)
                .outerjoin(exports, exports.c.decision_id == decisions.c.decision_id)
            )
            .where(
                withdrawals.c.decision_id.is_(None),
                exports.c.decision_id.is_(None),
                sa.or_(decisions.c.second_permission.is_(None), votes.c.verdict == "seconded"),
            )
            .order_by(decisions.c.decision_id)
        ).mappings()
    )


def _final_at(row: RowMapping) -> datetime:
    """When it was taken: with the second person's word, where it needs one.

    In whole seconds, as a run's own moment; ids keep the order within one.
    """
    at: datetime = row["voted_at"] or row["decided_at"]
    return at.replace(microsecond=0)


def _line(row: RowMapping, as_of: datetime | None) -> str:
    at = _final_at(row)
    if as_of is not None:
        at = min(at, as_of)
    said = {
        "decision_id": row["decision_id"],
        "decided_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "actor": row["actor"],
        "action": row["action"],
        "match_id": row["match_id"],
        "exception_id": row["exception_id"],
        "items": json.loads(row["items"]) if row["items"] else None,
        "reason_code": row["reason_code"],
        "comment": row["comment"],
        "approved_by": row["second"],
    }
    kept = {name: value for name, value in said.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False)


def _names(connection: Connection) -> list[str]:
    wanted = sa.select(exports.c.file_name).distinct().order_by(exports.c.file_name)
    return [str(row.file_name) for row in connection.execute(wanted).all()]


def _write_missing(home: Home) -> None:
    folder = home.feed_landing(FEED)
    with inbox.of(home).reading() as connection:
        names = _names(connection)
    missing = [name for name in names if not (folder / name).exists()]
    for name in names:
        if name not in missing:
            _refuse_other_content(folder / name)
    if not missing:
        return
    # one exporter at a time, so that no two write beside the same file
    with inbox.of(home).writing() as connection:
        for name in missing:
            wanted = sa.select(exports.c.line).where(exports.c.file_name == name)
            rows = connection.execute(wanted.order_by(exports.c.decision_id)).all()
            with replacing(folder / name) as temporary:
                temporary.write_bytes(_content([str(row.line) for row in rows]))


def _refuse_other_content(path: Path) -> None:
    """A name is the hash of what was exported, so whoever edits a file is found out."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()[:_NAME_DIGITS]
    except OSError as error:
        raise ForeignExport(f"{path} cannot be read ({error.strerror}).") from error
    if path.name != f"decisions-{found}.jsonl":
        raise ForeignExport(
            f"{path} is not what the review inbox exported under this name: somebody has changed "
            "it. No run reads it. Keep it aside for whoever looks into this, and remove it from "
            "landing: the next run writes the exported decisions again."
        )
