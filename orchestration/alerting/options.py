"""What `tieout alerts` takes; apart from what it does, so that other commands load none of it."""

from __future__ import annotations

import argparse

LISTED = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `tieout alerts` takes."""
    what = parser.add_subparsers(required=True, metavar="what", dest="what")
    what.add_parser("deliver", help="tell people what is to be told now, once")
    test = what.add_parser("test", help="send a test, and say whether it arrived")
    test.add_argument(
        "--to", required=True, metavar="NAME", help="a destination, or on-call:ROTATION"
    )
    listed = what.add_parser("list", help="what was told to whom, the newest last")
    listed.add_argument("--all", action="store_true", help=f"not only the last {LISTED}")
    who = what.add_parser("whois", help="who is on call")
    who.add_argument("moment", nargs="?", help="ISO 8601, UTC without an offset (default: now)")
    what.add_parser("check", help="read both files and every address, and send nothing")
