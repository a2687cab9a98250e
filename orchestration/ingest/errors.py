"""Why a landed file is not read."""

from __future__ import annotations


class FileRejected(Exception):
    """The file as a whole is quarantined. The reason says how to mend it.

    `line` is the 1-based line at fault and `column` the contract column, where there is one.
    """

    def __init__(
        self,
        reason: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column
        self.value = value


class FileChanged(Exception):
    """The file was written to while it was read. It is left for the next run."""
