"""The life of `warehouse.duckdb`: thrown away when it might not be what the code would build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.dbt_runs import Phase
from orchestration.files import write_text
from orchestration.home import Home, TieoutError
from orchestration.parsed import code_fingerprint


def is_current(home: Home) -> bool:
    """Whether the warehouse exists, was built by the code as it is, and to the end."""
    return (
        home.warehouse.exists()
        and home.warehouse_fingerprint.exists()
        and home.warehouse_fingerprint.read_text(encoding="utf-8") == code_fingerprint()
    )


@contextmanager
def building(home: Home, phase: Phase, is_partial: bool = False) -> Iterator[bool]:
    """Around a build: start from a warehouse that can be trusted, and vouch for the result.

    Yields whether the warehouse is new, and holds nothing yet.

    Only a whole build replaces a warehouse that cannot be trusted; a part of one would leave
    nothing but itself.

    The fingerprint is away while a build is under way. Where a process is killed inside, or a test
    fails, the next run finds none and starts from nothing; until then one can look into the file.

    Raises:
        TieoutError: when the code has changed between the two builds of one run, or before a
            partial build.
    """
    is_new = not is_current(home)
    if is_new:
        if is_partial:
            raise TieoutError(
                f"{home.warehouse} was not built by the code and reporting currency as they are "
                "now, or not to its end, so a part of it cannot be built by itself; nothing was "
                "changed. Run everything once (`tieout run`, or the job `reconcile`): that builds "
                "it anew. To try an edited model before that, `dbt build --select` works on the "
                "warehouse as it is."
            )
        if phase is Phase.AFTER_SEAL:
            raise TieoutError(
                f"{home.warehouse} was not built by the code as it is now: a model was edited "
                "while the run was under way. Run again."
            )
        discard(home)
    home.warehouse_fingerprint.unlink(missing_ok=True)
    yield is_new
    write_text(home.warehouse_fingerprint, code_fingerprint())


def distrust(home: Home) -> None:
    """Let the next run build the warehouse anew; until then one can look into it."""
    home.warehouse_fingerprint.unlink(missing_ok=True)


def discard(home: Home) -> None:
    """Delete the warehouse; the next build makes it again from raw files and the journal."""
    distrust(home)
    for path in (home.warehouse, home.warehouse.with_name(home.warehouse.name + ".wal")):
        path.unlink(missing_ok=True)
