"""`tieout dbt`: a person's own call of dbt, on the warehouse that the last run left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from orchestration import dbt_runs, journal_files, warehouse
from orchestration.home import Home, TieoutError

PARSED_FOR = {"--vars", "--target", "-t", "--profile", "--profiles-dir", "--project-dir"}
"""Options that a parse depends on; the one of the runs is used, so they would change nothing."""

READING = {"compile", "debug", "list", "ls", "parse", "show", "test"}
"""Calls that leave the tables as they are."""


def call_dbt(home: Home, arguments: Sequence[str], out: TextIO | None = None) -> None:
    """Make one call with the project as it is edited now, and print what dbt says.

    What the call builds stays until the next run. Edited code makes that run build everything
    anew, and so it does where the edit has been undone by then.

    Raises:
        TieoutError: when the call fails, or asks for another target.
    """
    if not arguments:
        raise TieoutError("Say what dbt is to do: `tieout dbt build --select int_items+`.")
    refused = sorted({argument.split("=")[0] for argument in arguments} & PARSED_FOR)
    if refused:
        raise TieoutError(f"{', '.join(refused)}: not here; call `dbt` itself for another target.")
    with home.writing(), dbt_runs.kept_open(home):
        dbt_runs.ensure_parse(home)
        if arguments[0] == dbt_runs.PARSE:
            return
        if not home.run_context.exists():
            raise TieoutError(f"No run is under {home.root} yet: `tieout run` first.")
        journal_files.settle(home)
        # what is built on a stopped run's state is undone with it
        is_kept = arguments[0] not in READING and not home.warehouse_unfinished.exists()
        if is_kept and not warehouse.is_current(home):
            warehouse.distrust(home)
        for event in dbt_runs.stream(home, arguments):
            if event["info"].get("level") != "debug":
                print(event["info"].get("msg", ""), file=out or sys.stdout, flush=True)
