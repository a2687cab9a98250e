"""`tieout benchmark growth`: the same batch on a small and on a large company.

What a run costs has to follow what is new, so both runs should take the same. The batch is the
same file for both: a hundredth of the small company, invoices of customers that both have, and a
bank line for each that quotes its number. Before it a run without new files reads what the first
has sealed.
"""

from __future__ import annotations

from datetime import timedelta

from orchestration.benchmarks.days import (
    AS_OF,
    Batch,
    batch_for,
    land_batch,
    land_company,
    new_home,
)
from orchestration.benchmarks.volume import Measured, Measurer


def run(size: int = 100_000, times: int = 10) -> list[Measured]:
    """The run of the batch on a company of about `size` invoices, and on one `times` as large.

    Raises:
        TieoutError: when a run fails.
    """
    batch: Batch = {}
    measured = []
    for invoices in (size, size * times):
        with new_home() as home:
            land_company(home, invoices)
            batch = batch or batch_for(home, size // 100)
            measurer = Measurer(home)
            measurer.measure("all", AS_OF)
            measurer.measure("settled", AS_OF + timedelta(hours=1))
            land_batch(home, batch)
            measurer.measure(f"on {invoices:,} invoices", AS_OF + timedelta(hours=2))
            measured.append(measurer.measured[-1])
    return measured
