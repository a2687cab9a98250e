"""`tieout benchmark entries`: statement lines against ledger entries, for a reviewer.

The data is Microsoft's (BCApps, MIT): six small cases of bank lines and ledger entries with 44
pairs that belong together, one line for several entries and several lines for one, amounts that do
not quite agree. Each case is landed as a bank account with its ledger; the pairs are meant as
suggestions, so what counts is that they are proposed, and that nothing closes while money is
unexplained.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.benchmarks.land import build, ingest, land_accounts, require, temporary_home

FILE = "entry_matching.json"
AS_OF = datetime(2026, 1, 1)


@dataclass(frozen=True)
class Case:
    """What became of one case. `closed_short` counts closed matches whose sides differ."""

    name: str
    expected: int
    closed: int
    suggested: int
    candidates: int
    other: int
    closed_short: int
    missing: tuple[tuple[str, str], ...]


def run(folder: Path) -> list[Case]:
    """Score the benchmark.

    Raises:
        TieoutError: when the data is missing, or a model fails.
    """
    require(folder, [FILE])
    cases = json.loads((folder / FILE).read_text(encoding="utf-8"))
    with temporary_home() as home, duckdb.connect() as connection:
        connection.execute(
            """
            create table bank_lines (account_id varchar, entry_id varchar, booking_date date,
                amount decimal(18, 2), remittance_information varchar, end_to_end_id varchar);
            create table ledger_lines (account_code varchar, entry_id varchar, posting_date date,
                amount decimal(18, 2), reference varchar, document_id varchar, description varchar);
            """
        )
        for case in cases:
            account = f"case-{case['case']}"
            connection.executemany(
                "insert into bank_lines values (?, ?, ?, ?, ?, ?)",
                [
                    (
                        account,
                        line["LID"],
                        line["Date"],
                        line["Amount"],
                        line["Description"],
                        line.get("PaymentReference"),
                    )
                    for line in case["lines"]
                ],
            )
            connection.executemany(
                "insert into ledger_lines values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        account,
                        f"{account}-{entry['EID']}",
                        entry["Date"],
                        entry["Amount"],
                        entry.get("ExtDocNo"),
                        entry.get("DocumentNo"),
                        entry["Description"],
                    )
                    for entry in case["entries"]
                ],
            )
        bank, ledger = home.root / "bank.parquet", home.root / "ledger.parquet"
        connection.execute(f"copy bank_lines to '{bank}'")
        connection.execute(f"copy ledger_lines to '{ledger}'")
        land_accounts(home, f"from '{bank}'", f"from '{ledger}'", "USD")
        ingest(home, AS_OF)
        build(home, "+int_match_candidates")
        with duckdb.connect(str(home.warehouse), read_only=True) as warehouse:
            return [_score(warehouse, case) for case in cases]


def table(cases: list[Case]) -> str:
    """The cases as text."""
    lines = [
        f"{'':8}{'pairs':>7}{'closed':>8}{'suggested':>11}{'candidates':>12}{'missing':>9}"
        f"{'others':>8}{'closed short':>14}"
    ]
    lines.extend(
        f"{case.name:8}{case.expected:>7}{case.closed:>8}{case.suggested:>11}{case.candidates:>12}"
        f"{len(case.missing):>9}{case.other:>8}{case.closed_short:>14}"
        for case in [*cases, _total(cases)]
    )
    for case in cases:
        lines.extend(
            f"  {case.name}: {line} with {entry} is not proposed" for line, entry in case.missing
        )
    return "\n".join(lines) + "\n"


def _total(cases: list[Case]) -> Case:
    return Case(
        "all",
        sum(case.expected for case in cases),
        sum(case.closed for case in cases),
        sum(case.suggested for case in cases),
        sum(case.candidates for case in cases),
        sum(case.other for case in cases),
        sum(case.closed_short for case in cases),
        tuple(pair for case in cases for pair in case.missing),
    )


def _score(warehouse: duckdb.DuckDBPyConnection, case: dict[str, Any]) -> Case:
    account = f"case-{case['case']}"
    expected = {(str(line), str(entry)) for line, entry in case["expected"]}
    pairs = warehouse.execute(
        """
        select
            replace(expected.item_id, ? || '/', ''),
            replace(replace(actual.item_id, ? || '-', ''), '/1', ''),
            bool_or(matches.is_live)
        from intermediate.int_match_allocations as expected
        inner join intermediate.int_match_allocations as actual using (match_id)
        inner join intermediate.int_matches__decided as matches using (match_id)
        where
            expected.side = 'expected' and actual.side = 'actual'
            and expected.reconciliation = 'bank_to_ledger'
            and expected.item_id like ? || '/%'
        group by all
        """,
        [account, account, account],
    ).fetchall()
    considered = warehouse.execute(
        """
        select
            replace(item_id, ? || '/', ''),
            replace(replace(other_item_id, ? || '-', ''), '/1', '')
        from intermediate.int_match_candidates
        where
            reconciliation = 'bank_to_ledger' and item_type = 'bank_transaction'
            and other_item_id is not null and item_id like ? || '/%'
        """,
        [account, account, account],
    ).fetchall()
    [(short,)] = warehouse.execute(
        """
        select count(*) from (
            select allocations.match_id
            from intermediate.int_match_allocations as allocations
            where
                allocations.is_live and allocations.reconciliation = 'bank_to_ledger'
                and allocations.match_id in (
                    select match_id from intermediate.int_match_allocations
                    where item_id like ? || '/%'
                )
            group by allocations.match_id
            having
                sum(case when allocations.side = 'expected' then allocations.item_amount
                    else -allocations.item_amount end) <> 0
        )
        """,
        [account],
    ).fetchall()
    closed = {(line, entry) for line, entry, is_live in pairs if is_live}
    suggested = {(line, entry) for line, entry, is_live in pairs if not is_live} - closed
    named = {(line, entry) for line, entry in considered} - closed - suggested
    return Case(
        account,
        len(expected),
        len(expected & closed),
        len(expected & suggested),
        len(expected & named),
        len((closed | suggested) - expected),
        int(short),
        tuple(sorted(expected - closed - suggested - named)),
    )
