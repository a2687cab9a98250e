"""A temporary home with bank accounts and their ledger, for the benchmarks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration import dbt_runs, steps
from orchestration.files import quoted
from orchestration.home import PROJECT_DIR, Home, Settings, TieoutError, wall_clock

DEFAULT_FOLDER = PROJECT_DIR.parent / "shared" / "data" / "matching"
"""Where the data lies when no folder is named: beside the checkout, never inside it."""


def require(folder: Path, names: list[str]) -> None:
    """The data is there.

    Raises:
        TieoutError: when a file is missing.
    """
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise TieoutError(
            f"{folder} does not hold {', '.join(missing)}. The data of the benchmarks is not part "
            "of the project: name the folder that it lies in."
        )


@contextmanager
def temporary_home() -> Iterator[Home]:
    """A home that is gone afterwards; one dbt process serves all that is built in it."""
    with TemporaryDirectory(prefix="tieout-benchmark-") as folder:
        home = Home(Path(folder) / "home").create()
        with dbt_runs.kept_open(home):
            yield home


def land_accounts(home: Home, bank_lines: str, ledger_lines: str, currency: str) -> None:
    """Land bank accounts and their ledger; an account's id is its code in the ledger too.

    Args:
        home: an empty home.
        bank_lines: query with account_id, entry_id, booking_date, amount, remittance_information
            and end_to_end_id.
        ledger_lines: query with account_code, entry_id, posting_date, amount (debit positive),
            reference, document_id and description.
        currency: ISO 4217 code of all.
    """
    tables = {
        "bank_accounts": f"""
            select distinct account_id, '{currency}' as currency,
                account_id as ledger_account_code
            from ({bank_lines})
        """,
        "bank_transactions": f"select *, '{currency}' as currency from ({bank_lines})",
        "ledger_entries": f"""
            select * exclude (amount), '1' as line_id, '{currency}' as currency,
                case when amount >= 0 then amount end as debit_amount,
                case when amount < 0 then -amount end as credit_amount
            from ({ledger_lines})
        """,
    }
    with duckdb.connect() as connection:
        for feed, query in tables.items():
            path = home.feed_landing(feed) / f"{feed}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy ({query}) to {quoted(str(path))} (format parquet)")


def ingest(home: Home, as_of: datetime) -> None:
    """Read what has landed into raw."""
    with home.writing():
        steps.land(home, Settings(as_of, "EUR"), "benchmark", wall_clock())


@dataclass(frozen=True)
class Span:
    """When a model was begun and when it was there, by dbt's clock."""

    started: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        return (self.ended - self.started).total_seconds()

    @classmethod
    def around(cls, spans: Collection[Span]) -> Span:
        """From the first beginning to the last end; what is built side by side counts once."""
        return cls(min(span.started for span in spans), max(span.ended for span in spans))


def build(home: Home, selection: str) -> dict[str, Span]:
    """Build models by dbt; when it worked on each."""
    spans: dict[str, Span] = {}
    arguments = [
        "build",
        "--select",
        selection,
        "--exclude",
        "resource_type:test",
        "resource_type:unit_test",
    ]
    with home.writing():
        for event in dbt_runs.stream(home, arguments):
            node = dbt_runs.node_of(event)
            if event["info"]["name"] == "LogModelResult":
                spans[str(node["node_name"])] = Span(
                    datetime.fromisoformat(node["node_started_at"]),
                    datetime.fromisoformat(node["node_finished_at"]),
                )
    return spans
