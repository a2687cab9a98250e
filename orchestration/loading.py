"""Loading what a process keeps until it ends, Dagster or a parsed project."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def for_good() -> Iterator[None]:
    """What is made inside is not looked through for garbage, neither now nor later.

    Millions of objects that all stay: Python went through them again and again while there came
    more, and once more at the end, for a second and a half of a run.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
