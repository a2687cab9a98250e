"""The options of `tieout import`, apart from what they do: other commands need not load that."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of `tieout import`."""
    add = command.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="CSV, TSV, XLSX or a bank format")
    add("--feed", help="what the files hold, where their columns do not say it")
    add("--map", dest="map_name", metavar="MAP", help="a saved map, a preset, or a YAML file")
    add("--sheet", help="sheet of a workbook")
    add("--dates", choices=("day first", "month first"), help="what ambiguous dates start with")
    add("--numbers", choices=("1,234.56", "1.234,56"), help="what ambiguous marks mean")
    several: dict[str, Any] = {"action": "append", "default": []}
    add("--set", metavar="COLUMN=TEXT", help="the same text in every row: currency=EUR", **several)
    add(
        "--from", dest="columns", metavar="COLUMN=HEADER",
        help="which column of the file a column of the feed is", **several,
    )  # fmt: skip
    add(
        "--value", metavar="COLUMN:TEXT=VALUE",
        help="what a text of the file means: status:Gesperrt=void", **several,
    )  # fmt: skip
    add("--save-as", metavar="NAME", help="name of the map (default: after the file)")
    add("--yes", action="store_true", help="land without asking; fails where something is open")
    add("--run", action="store_true", help="reconcile afterwards")
