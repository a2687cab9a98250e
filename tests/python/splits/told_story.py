"""A story over the project that this process lies in: `python -m tests.python.splits.told_story`.

Standard input asks for it in JSON, and the last line of standard output is what it showed
(`project_copy.py`).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration import dbt_runs, parsed
from orchestration.home import Home
from tests.python.splits import companies
from tests.python.splits.events import EVENTS, OF_ONE_DAY
from tests.python.splits.kept_home import KeptHome
from tests.python.splits.landed_files import Split
from tests.python.splits.story import Story, drawn_moments

INVOICES = 150

TABLES = (
    "create schema if not exists watched",
    "create or replace table watched.computed "
    "(model varchar, is_whole boolean, computed bigint, rows bigint, changed bigint)",
    "create or replace table watched.stale "
    "(model varchar, taken varchar, parts bigint, named bigint)",
    "create or replace table watched.narrowed (model varchar, read varchar, rows bigint)",
)


def tell(
    folder: Path,
    batches: list[list[str]],
    seed: int,
    runs_of_files: int,
    hours_apart: int,
    is_watched: bool,
    is_compared: bool,
) -> dict[str, Any]:
    """Runs over a company's files, then one every so many hours, each after a batch of events.

    Compared is the last.
    """
    draw = random.Random(seed)
    (folder / "scratch").mkdir(parents=True)
    company = companies.of_demo(folder / "scratch", draw, invoices=INVOICES)
    moments = drawn_moments(company, draw, runs=runs_of_files)
    split = Split(company.files, moments, draw)
    events = {event.__name__: event for event in (*EVENTS, *OF_ONE_DAY)}
    told: dict[str, Any] = {"found": [], "stale": [], "covered": [], "computed": {}, "narrowed": {}}
    home = Home(folder / "home").create()
    with dbt_runs.kept_open(home):
        story = Story(KeptHome(home), draw)
        for run in range(runs_of_files + len(batches)):
            if run < runs_of_files:
                moment = moments[run]
                split.land(run, home.landing)
            else:
                moment += timedelta(hours=hours_apart)
                story.happen([events[name] for name in batches[run - runs_of_files]], moment)
            is_last = run == runs_of_files + len(batches) - 1
            told["found"] += story.kept.run(moment, is_compared=is_compared and is_last)
            if is_watched:
                with duckdb.connect(str(home.warehouse)) as connection:
                    if run:
                        note(connection, told)
                    for statement in TABLES:
                        connection.execute(statement)
    return told


def note(connection: duckdb.DuckDBPyConnection, told: dict[str, Any]) -> None:
    """Add what was watched in the last run."""
    for outcome, condition in (("stale", "parts > 0"), ("covered", "parts = 0 and named > 0")):
        found = connection.execute(
            f"select model || ': ' || taken from watched.stale where {condition} order by all"
        ).fetchall()
        told[outcome].append([name for (name,) in found])
    for model, computed, rows in connection.execute(
        "select model, computed, rows from watched.computed where not is_whole order by all"
    ).fetchall():
        told["computed"].setdefault(model, []).append([computed, rows])
    for name, rows in connection.execute(
        "select model || ': ' || read, sum(rows) from watched.narrowed group by all order by all"
    ).fetchall():
        told["narrowed"][name] = told["narrowed"].get(name, 0) + int(rows)


def begin_with_parse(folder: Path) -> None:
    """Let dbt begin with a parse that was made at another place, of another state of the code."""
    home = Home.from_environment()
    place, _, _ = parsed.name_of_parse().partition("-")
    with parsed.storing(home) as store:
        begun = store / f"{place}-begun"
        begun.mkdir(exist_ok=True)
        shutil.copyfile(folder / parsed.DBT_STATE, begun / parsed.DBT_STATE)


def main() -> None:
    answers = sys.stdout
    # data tests ask whether tables are right, not whether two are equal
    os.environ["DBT_EXCLUDE_RESOURCE_TYPES"] = "test unit_test"
    with redirect_stdout(sys.stderr):
        request = json.load(sys.stdin)
        begin_with_parse(Path(request.pop("parsed")))
        told = tell(Path(request.pop("folder")), **request)
    print(json.dumps(told), file=answers)


if __name__ == "__main__":
    main()
