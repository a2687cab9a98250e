"""Progress for a person: one line a step, rewritten in place on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

STEPS = (
    "Getting ready",
    "Landing",
    "Reading the landed files",
    "Building the warehouse",
    "Sealing the decisions",
    "Building the audit marts",
    "Publishing the marts",
    "Summing up",
)


class Progress:
    """Reports the steps of a run. This one is silent; `ConsoleProgress` speaks."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Around one of `STEPS`."""
        yield

    def update(self, detail: str, **counts: int) -> None:
        """What the current step is at, such as `45/120 models`; `counts` are its figures."""

    def note(self, message: str) -> None:
        """A line that stays."""


class ConsoleProgress(Progress):
    """Writes `[4/8] Building the warehouse ... 45/120` and its time to a stream."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._head = ""
        self._detail = ""
        self._started = 0.0
        self._shown_at = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._head = f"[{STEPS.index(name) + 1}/{len(STEPS)}] {name} ..."
        self._detail = ""
        self._started = self._shown_at = time.monotonic()
        if self._is_terminal:
            self._write(self._head)
        try:
            yield
        except BaseException:
            self._finish("stopped")
            raise
        self._finish("done")

    def update(self, detail: str, **counts: int) -> None:
        if not self._head:
            return  # between two steps there is nothing that it would be a part of
        self._detail = detail
        now = time.monotonic()
        if self._is_terminal:
            self._write(f"\r\033[K{self._head} {detail}  {now - self._started:.0f} s")
        elif now - self._shown_at >= 5:
            # A log file gets a line every few seconds, so that one sees that it goes on.
            self._shown_at = now
            self._write(f"{self._head} {detail}  {now - self._started:.0f} s\n")

    def note(self, message: str) -> None:
        lead = "\r\033[K" if self._is_terminal else ""
        self._write(f"{lead}{message}\n")

    def _finish(self, outcome: str) -> None:
        lead = "\r\033[K" if self._is_terminal else ""
        detail = f" {self._detail}," if self._detail else ""
        seconds = time.monotonic() - self._started
        self._write(f"{lead}{self._head}{detail} {outcome} in {seconds:.1f} s\n")
        self._head = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class LineProgress(Progress):
    """Writes what a step is at as a line of its own, for a program that reads along."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def update(self, detail: str, **counts: int) -> None:
        self._stream.write(f"{detail}\n")
        self._stream.flush()


_current: list[Progress] = [Progress()]


def current() -> Progress:
    """The reporter of this process; silent unless a command set one."""
    return _current[-1]


@contextmanager
def reporting(progress: Progress) -> Iterator[Progress]:
    """Make a reporter the current one."""
    _current.append(progress)
    try:
        yield progress
    finally:
        _current.pop()
