"""One ingest: what is new in landing becomes raw rows, quarantine and a manifest that commits them.

Raw files are written first and the manifest last, by one rename. An ingest that is killed before it
leaves files that no manifest names; the next one deletes them and starts over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration import progress
from orchestration.files import copy_to_parquet, open_duckdb, quoted
from orchestration.home import Home
from orchestration.ingest import store, tabular
from orchestration.ingest.bank.model import StatementControl
from orchestration.ingest.bank_files import (
    BankReading,
    stage_bank_files,
    stage_remittance,
    with_entry_ids,
)
from orchestration.ingest.bank_ids import assign_entry_ids
from orchestration.ingest.classify import Counts, classify, count, known_rows, new_rows
from orchestration.ingest.contract import (
    BANK_FEED,
    BANK_LANDING,
    REMITTANCE_FEED,
    Contract,
    load_contract,
)
from orchestration.ingest.errors import FileChanged, FileRejected
from orchestration.ingest.landing import LandedFile, scan

DEFAULT_MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class IngestResult:
    """What an ingest did. `run_sequence` is that of the last manifest, 0 before the first."""

    run_sequence: int
    new_batches: int
    rows_read: int
    loaded: int
    redelivered: int
    quarantined: int
    all_batch_ids: list[str]


@dataclass
class _Work:
    """What one ingest has in hand. Staged relations hold good and bad rows."""

    connection: duckdb.DuckDBPyConnection
    home: Home
    contract: Contract
    as_of: datetime
    run_sequence: int
    scratch: Path
    staged: dict[str, list[Path]] = field(default_factory=dict)
    """Staged files of each feed."""
    files: dict[tuple[str, str], LandedFile] = field(default_factory=dict)
    """The files that count in this ingest, by feed and batch id."""
    rejected: dict[tuple[str, str], FileRejected] = field(default_factory=dict)
    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)
    bank: BankReading = field(default_factory=BankReading)
    written: list[Path] = field(default_factory=list)

    def write(self, query: str, path: Path) -> None:
        """Write a Parquet file that counts once the manifest names its batch."""
        store.write_parquet(self.connection, query, path)
        self.written.append(path)


def ingest(
    home: Home,
    as_of: datetime,
    run_sequence: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> IngestResult:
    """Take in what is new in landing. The caller holds the lock of the home.

    With nothing new, nothing is written. A file that is still written to is left for the next run.

    Args:
        as_of: the moment that the run speaks for, naive UTC; kept with every batch.
        run_sequence: number for this ingest, above all earlier ones; default: the next.
        environment: where `TIEOUT_TIME_ZONES` and `TIEOUT_MEMORY_LIMIT` are read; default: the
            process's.

    Raises:
        TieoutError: when a setting or a file's permissions have to be mended first.
    """
    environment = os.environ if environment is None else environment
    contract = load_contract(environment)
    home.create()
    scratch = store.scratch_folder(home)
    with open_duckdb(scratch / "spill") as connection:
        store.write_empty_files(connection, home, contract)
        batches = store.read_batches(connection, home)
        committed = {(feed, batch_id) for feed, batch_id, *_ in batches}
        store.remove_orphans(home, contract, committed)
        last = max((sequence for *_, sequence in batches), default=0)
        new: dict[tuple[str, str], LandedFile] = {}
        for file in scan(home):
            key = (file.feed, file.batch_id)
            if key not in committed:
                new.setdefault(key, file)
        work = _Work(
            connection=connection,
            home=home,
            contract=contract,
            as_of=as_of,
            run_sequence=run_sequence or last + 1,
            scratch=scratch,
        )
        if new:
            memory = environment.get("TIEOUT_MEMORY_LIMIT", "").strip() or DEFAULT_MEMORY_LIMIT
            _prepare(work, memory)
            try:
                _stage(work, new.values())
                _load(work)
                if work.files:
                    _commit(work)
            finally:
                store.remove_scratch(home)
    totals = list(work.counts.values())
    return IngestResult(
        run_sequence=work.run_sequence if work.files else last,
        new_batches=len(work.files),
        rows_read=sum(counts.read for counts in totals),
        loaded=sum(counts.loaded for counts in totals),
        redelivered=sum(counts.redelivered for counts in totals),
        quarantined=sum(counts.quarantined for counts in totals),
        all_batch_ids=sorted({batch_id for _, batch_id in committed | set(work.files)}),
    )


def _prepare(work: _Work, memory: str) -> None:
    work.scratch.mkdir(parents=True, exist_ok=True)
    work.connection.execute(f"set memory_limit = {quoted(memory)}")
    work.connection.execute("set preserve_insertion_order = false")
    store.create_table(
        work.connection, "currencies", {"code": "VARCHAR", "minor_digits": "INTEGER"}
    )
    store.insert(
        work.connection,
        "currencies",
        [{"code": code, "minor_digits": n} for code, n in work.contract.currencies.items()],
    )


def _stage(work: _Work, new: Iterable[LandedFile]) -> None:
    """Read, check and type every new file into scratch."""
    new = list(new)
    bank = [file for file in new if file.feed == BANK_LANDING]
    for number, file in enumerate((f for f in new if f.feed != BANK_LANDING), start=1):
        progress.current().update(f"{number}/{len(new)} files")
        target = work.scratch / f"{number:06d}.parquet"
        try:
            _stage_tabular(work, file, target)
            if not file.is_unchanged():
                raise FileChanged
            work.staged.setdefault(file.feed, []).append(target)
            work.files[file.feed, file.batch_id] = file
        except FileRejected as rejection:
            work.rejected[file.feed, file.batch_id] = rejection
            work.files[file.feed, file.batch_id] = file
        except FileChanged:
            target.unlink(missing_ok=True)
    if bank:
        progress.current().update(f"{len(bank)} bank files")
        _stage_bank(work, bank)


def _stage_tabular(work: _Work, file: LandedFile, target: Path) -> None:
    feed = work.contract.feeds.get(file.feed)
    if feed is None:
        raise FileRejected(
            f"there is no feed {file.feed!r}; move the file into landing/<feed>/, where <feed> is "
            f"one of {', '.join(sorted(work.contract.landing_folders))}"
        )
    if file.size == 0:
        raise FileRejected("the file is empty; land it with its content")
    try:
        tabular.stage(work.connection, work.contract, feed, file.path, file.batch_id, target)
    except FileNotFoundError as error:
        raise FileChanged from error


def _stage_bank(work: _Work, files: list[LandedFile]) -> None:
    """Bank files: items get their ids once all of the run, and what is loaded, are known."""
    text = work.scratch / "bank_text.parquet"
    work.bank = stage_bank_files(work.connection, work.contract, files, text)
    taken = []
    for file in files:
        if file.batch_id in work.bank.rejected:
            work.rejected[BANK_LANDING, file.batch_id] = work.bank.rejected[file.batch_id]
        elif not file.is_unchanged():
            continue
        else:
            taken.append(file.batch_id)
        work.files[BANK_LANDING, file.batch_id] = file
    read = f"(select * from {_relation([text])} where _batch_id in ({_literals(taken)}))"
    tabular_files = work.staged.get(BANK_FEED)
    assign_entry_ids(
        work.connection,
        work.home,
        _good(read),
        _good(_relation(tabular_files)) if tabular_files else None,
    )
    items = work.scratch / "bank_items.parquet"
    with_entry_ids(work.connection, work.contract, read, items)
    work.staged.setdefault(BANK_FEED, []).append(items)
    if work.bank.documents.num_rows:
        advice = work.scratch / "bank_remittance.parquet"
        stage_remittance(
            work.connection, work.contract, work.bank, _good(_relation([items])), advice
        )
        work.staged.setdefault(REMITTANCE_FEED, []).append(advice)


def _load(work: _Work) -> None:
    """Classify the staged rows of each feed, write the new ones to raw, the bad ones aside."""
    # A rejected bank file has no rows: those of the same bytes are of a table in `BANK_FEED`.
    bank_ids = {
        batch_id
        for feed, batch_id in work.files
        if feed == BANK_LANDING and (feed, batch_id) not in work.rejected
    }
    for name, paths in work.staged.items():
        feed = work.contract.feeds[name]
        relation = _relation(paths)
        folder = work.home.feed_raw(name)
        progress.current().update(f"{name}: telling new rows from known ones")
        classify(work.connection, feed, _good(relation), folder)
        counts = count(work.connection, feed, relation)
        for path in paths:
            own = _relation([path])
            for (batch_id,) in work.connection.execute(
                f"select distinct _batch_id from {own} order by _batch_id"
            ).fetchall():
                if counts[batch_id].loaded:
                    work.write(
                        new_rows(feed, own, batch_id, work.run_sequence),
                        folder / f"{batch_id}.parquet",
                    )
                # How often a file tells a bank line counts, whether or not the row is new.
                if name == BANK_FEED and counts[batch_id].redelivered:
                    work.write(
                        known_rows(own, batch_id, work.run_sequence),
                        work.home.redelivered / f"{batch_id}.parquet",
                    )
        for batch_id, batch_counts in counts.items():
            landed_in = BANK_LANDING if name == BANK_FEED and batch_id in bank_ids else name
            if (landed_in, batch_id) not in work.files:
                continue  # Structured remittance belongs to its bank file, whose rows are items.
            work.counts[landed_in, batch_id] = batch_counts
            if batch_counts.quarantined:
                _quarantine_rows(work, relation, work.files[landed_in, batch_id])
    for key, rejection in work.rejected.items():
        _quarantine_file(work, work.files[key], rejection)


def _quarantine_rows(work: _Work, relation: str, file: LandedFile) -> None:
    work.write(
        f"""
select
    _batch_id as batch_id, {quoted(file.feed)} as feed, {quoted(file.name)} as file_name,
    _row_number as line_number, _bad_column as column_name, _bad_value as "value",
    _bad_reason as reason, {_timestamp(work.as_of)} as quarantined_at,
    cast({work.run_sequence} as bigint) as run_sequence, _row_key as row_key, false as is_file
from {relation}
where _batch_id = {quoted(file.batch_id)} and _bad_reason is not null
order by line_number, reason
""",
        work.home.quarantine / store.quarantine_name(file.feed, file.batch_id),
    )


def _quarantine_file(work: _Work, file: LandedFile, rejection: FileRejected) -> None:
    store.create_table(work.connection, "rejected_file", store.QUARANTINE_TYPES)
    store.insert(
        work.connection,
        "rejected_file",
        [
            {
                "batch_id": file.batch_id,
                "feed": file.feed,
                "file_name": file.name,
                "line_number": rejection.line,
                "column_name": rejection.column,
                "value": rejection.value,
                "reason": rejection.reason,
                "quarantined_at": work.as_of,
                "run_sequence": work.run_sequence,
                "row_key": None,
                "is_file": True,
            }
        ],
    )
    work.write(
        "select * from rejected_file",
        work.home.quarantine / store.quarantine_name(file.feed, file.batch_id),
    )


def _commit(work: _Work) -> None:
    """Write the control totals, then the manifest."""
    store.create_table(work.connection, "statements", store.STATEMENT_TYPES)
    for batch_id, statements in sorted(work.bank.statements.items()):
        if (BANK_LANDING, batch_id) in work.files and statements:
            work.connection.execute("delete from statements")
            store.insert(
                work.connection, "statements", [_statement(batch_id, s) for s in statements]
            )
            work.write(
                "select * from statements order by all",
                work.home.statements / f"{batch_id}.parquet",
            )
    totals = _control_totals(work)
    store.create_table(work.connection, "batches", store.BATCH_TYPES)
    rows = [
        _batch(work, file, work.counts.get(key, Counts()), totals)
        for key, file in sorted(work.files.items())
    ]
    store.insert(work.connection, "batches", rows)
    store.make_durable(work.written)
    copy_to_parquet(
        work.connection,
        "select * from batches order by feed, batch_id",
        work.home.manifest / f"{work.run_sequence:06d}.parquet",
    )


def _batch(
    work: _Work, file: LandedFile, counts: Counts, totals: Mapping[str, Decimal]
) -> dict[str, Any]:
    key = (file.feed, file.batch_id)
    is_bank = file.feed == BANK_LANDING and key not in work.rejected
    verdicts = {s.ok for s in work.bank.statements.get(file.batch_id, []) if s.ok is not None}
    return {
        "batch_id": file.batch_id,
        "feed": file.feed,
        "file_name": file.name,
        "format": _format(work, file),
        "landed_at": file.landed_at(work.as_of),
        "ingested_at": work.as_of,
        "run_sequence": work.run_sequence,
        "rows_read": counts.read,
        "rows_loaded": counts.loaded,
        "rows_redelivered": counts.redelivered,
        "rows_quarantined": counts.quarantined,
        "min_event_at": counts.min_event_at,
        "max_event_at": counts.max_event_at,
        "naive_timestamps": counts.naive,
        "double_amounts": counts.doubles,
        "conflicting_versions": counts.conflicting,
        "control_total": totals.get(file.batch_id) if is_bank else None,
        "control_total_ok": (False not in verdicts) if is_bank and verdicts else None,
        "is_rejected": key in work.rejected,
    }


def _format(work: _Work, file: LandedFile) -> str:
    if file.feed == BANK_LANDING:
        return work.bank.formats.get(file.batch_id, "unknown")
    form, gzipped = tabular.form_of(file.name)
    if form is None:
        return "unknown"
    return f"{form}.gz" if gzipped else form


def _control_totals(work: _Work) -> dict[str, Decimal]:
    """Sum of the items of each bank file that has a single currency, in that currency."""
    items = work.scratch / "bank_items.parquet"
    if not items.exists():
        return {}
    return dict(
        work.connection.execute(
            "select _batch_id, cast(sum(amount) as decimal(38, 10)) "
            f"from {_good(_relation([items]))} "
            "group by _batch_id having count(distinct currency) = 1"
        ).fetchall()
    )


def _statement(batch_id: str, statement: StatementControl) -> dict[str, Any]:
    return {
        "batch_id": batch_id,
        "account_id": statement.account_id,
        "statement_id": statement.statement_id,
        "currency": statement.currency,
        "opening_balance": statement.opening_balance,
        "entries_total": statement.entries_total,
        "closing_balance": statement.closing_balance,
        "control_total_ok": statement.ok,
        "from_date": statement.from_date,
        "to_date": statement.to_date,
    }


def _relation(paths: Iterable[Path]) -> str:
    return f"read_parquet([{_literals(str(path) for path in paths)}], union_by_name = true)"


def _good(relation: str) -> str:
    return f"(select * from {relation} where _bad_reason is null)"


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(quoted(text) for text in texts) or "null"


def _timestamp(moment: datetime) -> str:
    return f"timestamp {quoted(moment.isoformat(sep=' '))}"
