"""Faults around the data: clocks, disk, warehouse, journal, and people.

Of each, one function injects and one puts right; both say what they did.
"""

from __future__ import annotations

import resource
from datetime import timedelta

import duckdb

from orchestration.gamedays import small_disk
from orchestration.gamedays.company import write_csv
from orchestration.gamedays.drill import Drill
from orchestration.gamedays.published import ask
from orchestration.home import iso_timestamp
from orchestration.journal_files import ENTRIES, find
from orchestration.review import access_log
from orchestration.review.people import Permission, Person, Role

HEADERS = 12 << 10
ROOM = 3 << 20
"""Of a full disk, in bytes: a run begins, and cannot build."""

LOOSE = "ir_text_exact"
UNDONE, UNDONE_SHARE = 6, 0.02
"""How many of its closes are undone: more than its breaker allows (`seeds/rule_controls.csv`)."""


# ---- clocks


def clock_back(drill: Drill) -> str:
    """A run is started for a moment gone by."""
    drill.as_of = drill.before - timedelta(days=2)
    return f"the clock of the machine stands at {drill.as_of:%Y-%m-%d %H:%M}, before the last seal"


def clock_right(drill: Drill) -> str:
    """The next one is started for its own."""
    drill.as_of = None
    return "the clock is right again"


# ---- machine and files


def full_disk(drill: Drill) -> str:
    """The home moves to a file system that has little room left; where none can be mounted, large
    files cannot be written any more, while small ones can."""
    if small_disk.move_to(drill.home, ROOM):
        drill.put_away = lambda: small_disk.leave(drill.home)
        return f"the home lies on a file system with {ROOM >> 20} MiB left"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))

    drill.limit = limit
    return (
        f"SIMULATED, for nothing can be mounted here: no file may grow beyond {ROOM >> 20} MiB; "
        "the run's record and messages to people can be written"
    )


def free_disk(drill: Drill) -> str:
    """There is."""
    drill.clear_away()
    drill.limit = None
    return "there is room again"


def corrupt_warehouse(drill: Drill) -> str:
    """The database is there and cannot be read."""
    size = drill.home.warehouse.stat().st_size
    with open(drill.home.warehouse, "r+b") as file:
        file.seek(HEADERS)
        file.write(b"\xde\xad\xbe\xef" * ((size - HEADERS) // 4))
    return "all of warehouse.duckdb but its headers is overwritten"


def lose_warehouse(drill: Drill) -> str:
    """The database is not there."""
    drill.home.warehouse.unlink()
    return "warehouse.duckdb is deleted"


def nothing(drill: Drill) -> str:
    """What mends itself."""
    return "nothing: the run itself builds it anew"


def tamper(drill: Drill) -> str:
    """Somebody edits what is sealed, and nothing that a decision rests on."""
    path = find(drill.home, ENTRIES)[0].path
    path.with_suffix(".kept").write_bytes(path.read_bytes())
    with duckdb.connect() as connection:
        connection.execute(f"create table entries as from read_parquet('{path}')")
        connection.execute("update entries set actor = 'nobody' where position = 1")
        connection.execute(f"copy (from entries order by position) to '{path}' (format parquet)")
    return f"who decided the first entry of journal/{path.name} is edited"


def restore(drill: Drill) -> str:
    """The edited file is put back from a copy."""
    [kept] = drill.home.journal.glob("*.kept")
    kept.replace(kept.with_suffix(".parquet"))
    return "the block is restored from its copy"


# ---- people


def knock(drill: Drill) -> str:
    """Somebody tries what their role does not let them."""
    stranger = Person("stranger@example.com", "A stranger", frozenset({Role.VIEWER}))
    for page in ("exceptions", "audit", "upload", "matches", "access_log", "on_call"):
        access_log.record(
            drill.home, stranger, access_log.Event.DENIED, Permission.DECIDE, page=page
        )
    return "a viewer tries six pages and actions that they may not use"


def undo(drill: Drill) -> str:
    """People undo what a rule has closed."""
    undone = ask(drill.home, "closed_by_rule", rule=LOOSE, least=UNDONE, share=UNDONE_SHARE)
    rows = [
        {
            "decision_id": f"gd_undo_{place}",
            "decided_at": iso_timestamp(drill.hit - timedelta(minutes=30)),
            "actor": "clerk@example.com",
            "action": "unmatch",
            "match_id": match_id,
            "comment": "game day",
        }
        for place, (match_id,) in enumerate(undone)
    ]
    write_csv(drill.landing / "review_decisions" / "undone.csv", rows)
    return f"{LOOSE} is too loose: a person finds {len(undone)} of its closes wrong, undoes them"


def left_to_people(drill: Drill) -> str:
    """Its matches wait."""
    drill.left_to_people = LOOSE
    return "nothing: what the rule would close waits for people, until its rest is over"
