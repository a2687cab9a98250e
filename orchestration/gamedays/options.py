"""Options of `tieout gameday`, `soak` and `compare`: light, because every command reads them."""

from __future__ import annotations

import argparse
from pathlib import Path

from orchestration.home import Home


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the three commands."""
    gameday = commands.add_parser(
        "gameday",
        help="put faults into a copy of a home (or a small company) and see their alerts fire",
    )
    gameday.add_argument("name", nargs="+", help="names of scenarios, or all")
    gameday.add_argument("--company", action="store_true", help="a small company, not the home")
    gameday.add_argument(
        "--together",
        action="store_true",
        help="all in one copy, with as few runs as can be",
    )
    gameday.set_defaults(command=_gameday)

    soak = commands.add_parser(
        "soak",
        help="weeks of daily runs with random faults, in a home of its own",
    )
    soak.add_argument("--weeks", type=int, default=3)
    soak.add_argument("--seed", type=int, default=7)
    soak.add_argument("--folder", type=Path, help="where the home is made (default: temporary)")
    soak.set_defaults(command=_soak)

    compare = commands.add_parser(
        "compare", help="what two homes say of the same money, where they differ"
    )
    compare.add_argument("home_a", type=Path)
    compare.add_argument("home_b", type=Path)
    compare.set_defaults(command=_compare)


def _gameday(options: argparse.Namespace) -> int:
    from orchestration.gamedays import command

    found = None if options.company else Home.from_environment()
    return command.gameday(options.name, found, together=options.together)


def _soak(options: argparse.Namespace) -> int:
    from orchestration.gamedays import soak

    return soak.command(options.weeks, options.seed, options.folder)


def _compare(options: argparse.Namespace) -> int:
    from orchestration.gamedays import command

    return command.compare(Home(options.home_a.absolute()), Home(options.home_b.absolute()))
