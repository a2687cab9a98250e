"""The command line: `tieout run`, `tieout verify` and what else a person or a scheduler calls."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from orchestration import progress
from orchestration.home import Home, Settings, TieoutError, wall_clock


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0 for success, 1 for a problem, 130 for Ctrl-C."""
    options = parser().parse_args(arguments)
    if options.home is not None:
        os.environ["TIEOUT_HOME"] = str(Path(options.home).expanduser().absolute())
    try:
        return int(options.command(options))
    except TieoutError as error:
        print(f"tieout: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tieout: stopped. The next run takes it up from here.", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="tieout",
        description="Reconciles money across a company's systems and keeps the proof.",
    )
    top.add_argument(
        "--home", help="data folder (default: $TIEOUT_HOME, else data/ in the project)"
    )
    commands = top.add_subparsers(required=True, metavar="command")

    run = commands.add_parser("run", help="reconcile everything that has landed, and publish")
    run.add_argument("--trigger", default="manual", help="what started it, for the run's record")
    run.set_defaults(command=_run)

    demo = commands.add_parser("demo", help="land a demo company (the same for the same seed)")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--invoices", type=int, default=5000, help="how many, about")
    demo.add_argument("--months", type=int, default=6)
    demo.add_argument(
        "--end", type=date.fromisoformat, help="last day, YYYY-MM-DD (default: today)"
    )
    demo.set_defaults(command=_demo)

    ingest = commands.add_parser("ingest", help="read landed files into raw, and stop there")
    ingest.set_defaults(command=_ingest)

    return top


def _run(options: argparse.Namespace) -> int:
    from orchestration import steps
    from orchestration.dbt_runs import Phase

    started_at = wall_clock()
    home = Home.from_environment().create()
    settings = Settings.from_environment()
    with progress.reporting(progress.ConsoleProgress()), home.writing():
        steps.land(home, settings, options.trigger, started_at)
        for _ in steps.build(home, Phase.BEFORE_SEAL):
            pass
        steps.seal(home)
        for _ in steps.build(home, Phase.AFTER_SEAL):
            pass
        steps.publish_marts(home)
    return 0


def _demo(options: argparse.Namespace) -> int:
    from orchestration import demo

    home = Home.from_environment().create()
    demo.generate(
        home.landing,
        home.truth,
        seed=options.seed,
        invoices=options.invoices,
        months=options.months,
        end=options.end or wall_clock().date(),
    )
    print(f"Landed a demo company in {home.landing}; what is true about it is in {home.truth}.")
    return 0


def _ingest(options: argparse.Namespace) -> int:
    from orchestration import steps

    started_at = wall_clock()
    home = Home.from_environment().create()
    with progress.reporting(progress.ConsoleProgress()), home.writing():
        context = steps.land(home, Settings.from_environment(), "ingest", started_at)
    print(f"{context.run_id}: raw is ready under {home.raw}; build it with `dbt build`.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
