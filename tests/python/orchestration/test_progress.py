"""What a person sees of a run on a screen and in a log."""

from __future__ import annotations

import io
import re

import pytest

from orchestration.progress import ConsoleProgress


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_what_is_told_outside_of_a_step_is_no_line_of_one(stream: type[io.StringIO]) -> None:
    """A backfill reads its archive before its run begins."""
    told = stream()
    shown = ConsoleProgress(told)
    shown.update("1/1 files")
    shown.note("Reading")
    assert told.getvalue().replace("\r\033[K", "") == "Reading\n"
    with shown.step("Landing"):
        shown.update("2/2 files")
    shown.update("3/3 files")
    last = told.getvalue().splitlines()[-1]
    assert re.search(r"\[2/8\] Landing \.\.\. 2/2 files, done in \d+\.\d s$", last)
