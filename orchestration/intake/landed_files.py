"""Which files in landing are complete and were read by no run.

A file that is still written to grows or is touched: it is complete when two looks, some seconds
apart, found it with the same size and times. An upload that takes longer between two writes is
landed under another name (`.part`, `.tmp`, or a dot before it) and renamed when it is whole; such
names are never looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.home import Home
from orchestration.ingest.landing import scan, stamps_digest
from orchestration.run_context import known_batches


@dataclass
class Look:
    """What the looks before this one found; a sensor keeps it between its evaluations."""

    last: str = ""
    """Digest of all names, sizes and times at the last look."""
    read: str = ""
    """The one at which runs had read everything."""

    def complete(self, home: Home) -> list[str]:
        """Batch ids that no run has read, once nothing in landing changes any more.

        Files of a delivery come together, and a run a file would read half of it.

        Raises:
            TieoutError: when a file cannot be read.
        """
        found = stamps_digest(home)
        is_still = found == self.last
        self.last = found
        if not is_still or found == self.read:
            return []
        known = {(feed, batch_id) for feed, batch_id, _ in known_batches(home)}
        waiting = {file.batch_id for file in scan(home) if (file.feed, file.batch_id) not in known}
        if not waiting:
            self.read = found
        return sorted(waiting)
