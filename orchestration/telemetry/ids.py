"""How a run is called in traces and logs, so that one leads to the other."""

from __future__ import annotations

from hashlib import sha256


def trace_id_of(run_id: str) -> str:
    """The W3C trace id of a run, 32 hex digits.

    It follows from the run's id alone, so what a mart says of a run leads to its trace, also when
    its record is gone. A run that is done again has the same id, and is another root in its trace.
    """
    return sha256(f"tieout/{run_id}".encode()).hexdigest()[:32]


def span_id_of(*parts: str) -> str:
    """A span id, 16 hex digits, from what tells it apart."""
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
