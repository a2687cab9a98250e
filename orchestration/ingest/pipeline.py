"""One ingest: what is new in landing becomes raw rows, quarantine and a manifest that commits them.

Raw files are written first and the manifest last, by one rename. An ingest that is killed before it
leaves files that no manifest names; the next one deletes them and starts over.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
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
    targets: Iterator[int] = field(default_factory=itertools.count)

    def next_target(self) -> Path:
        """Where the next staged file goes."""
        return self.scratch / f"{next(self.targets):06d}.parquet"

    def write(self, query: str, folder: Path) -> None:
        """Write the Parquet file of this run into a family; it counts once the manifest does."""
        path = folder / store.run_file(self.run_sequence)
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
        sequences = {sequence for *_, sequence in batches}
        store.remove_orphans(home, contract, sequences, {batch_id for _, batch_id in committed})
        last = max(sequences, default=0)
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
                    store.compact(connection, home, contract)
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
    currencies = work.contract.currencies
    work.connection.execute(
        "insert into currencies select unnest(?), unnest(?)",
        [[*currencies], [*currencies.values()]],
    )


def _stage(work: _Work, new: Iterable[LandedFile]) -> None:
    """Read, check and type every new file into scratch: small ones of one shape in one go."""
    new = list(new)
    together: dict[Any, list[LandedFile]] = {}
    for file in new:
        if file.feed != BANK_LANDING:
            together.setdefault(_shape(work, file), []).append(file)
    staged = 0
    for shape, files in together.items():
        if shape is not None and len(files) > 1 and _stage_together(work, files):
            staged += len(files)
            progress.current().update(f"{staged}/{len(new)} files")
            continue
        for file in files:
            staged += 1
            progress.current().update(f"{staged}/{len(new)} files")
            _stage_alone(work, file)
    bank = [file for file in new if file.feed == BANK_LANDING]
    if bank:
        progress.current().update(f"{len(bank)} bank files")
        _stage_bank(work, bank)


def _shape(work: _Work, file: LandedFile) -> tuple[str, ...] | None:
    """What files that are staged in one go share; None for one that is staged by itself."""
    if file.feed not in work.contract.feeds or file.size == 0:
        return None
    try:
        shape = tabular.shape_of(file.path)
    except FileNotFoundError:
        return None
    return shape and (file.feed, *shape)


def _stage_together(work: _Work, files: list[LandedFile]) -> bool:
    """Whether all files of one shape could be staged in one go; else none of them is."""
    target = work.next_target()
    sources = [tabular.Source(file.path, file.batch_id) for file in files]
    feed = work.contract.feeds[files[0].feed]
    try:
        tabular.stage(work.connection, work.contract, feed, sources, target)
    except (FileRejected, FileNotFoundError):
        return False
    if not all(file.is_unchanged() for file in files):
        return False
    work.staged.setdefault(feed.name, []).append(target)
    work.files |= {(file.feed, file.batch_id): file for file in files}
    return True


def _stage_alone(work: _Work, file: LandedFile) -> None:
    """Stage one file, or note why it is rejected; one that is still written to waits."""
    target = work.next_target()
    try:
        _stage_tabular(work, file, target)
        if not file.is_unchanged():
            return
        work.staged.setdefault(file.feed, []).append(target)
    except FileRejected as rejection:
        work.rejected[file.feed, file.batch_id] = rejection
    except FileChanged:
        return
    work.files[file.feed, file.batch_id] = file


def _stage_tabular(work: _Work, file: LandedFile, target: Path) -> None:
    feed = work.contract.feeds.get(file.feed)
    if feed is None:
        raise FileRejected(
            f"there is no feed {file.feed!r}; move the file into landing/<feed>/, where <feed> is "
            f"one of {', '.join(sorted(work.contract.landing_folders))}"
        )
    if file.size == 0:
        raise FileRejected("the file is empty; land it with its content")
    source = tabular.Source(file.path, file.batch_id)
    try:
        tabular.stage(work.connection, work.contract, feed, [source], target)
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
    store.create_table(work.connection, "rejects", store.QUARANTINE_TYPES)
    for name, paths in work.staged.items():
        feed = work.contract.feeds[name]
        relation = _relation(paths)
        folder = work.home.feed_raw(name)
        progress.current().update(f"{name}: telling new rows from known ones")
        classify(work.connection, feed, _good(relation), folder)
        counts = count(work.connection, feed, relation)
        if any(batch.loaded for batch in counts.values()):
            work.write(new_rows(feed, relation, work.run_sequence), folder)
        # How often a file tells a bank line counts, whether or not the row is new.
        if name == BANK_FEED and any(batch.redelivered for batch in counts.values()):
            work.write(known_rows(relation, work.run_sequence), work.home.redelivered)
        rejecting = []
        for batch_id, batch_counts in counts.items():
            landed_in = BANK_LANDING if name == BANK_FEED and batch_id in bank_ids else name
            if (landed_in, batch_id) not in work.files:
                continue  # Structured remittance belongs to its bank file, whose rows are items.
            work.counts[landed_in, batch_id] = batch_counts
            if batch_counts.quarantined:
                rejecting.append(work.files[landed_in, batch_id])
        if rejecting:
            _reject_rows(work, relation, rejecting)
    store.insert(
        work.connection,
        "rejects",
        [_rejected_file(work, work.files[key], why) for key, why in work.rejected.items()],
    )
    if work.connection.execute("select 1 from rejects limit 1").fetchall():
        work.write(
            "select * from rejects order by feed, batch_id, line_number, reason",
            work.home.quarantine,
        )


def _reject_rows(work: _Work, relation: str, files: list[LandedFile]) -> None:
    store.create_table(
        work.connection,
        "rejecting",
        {"batch_id": "VARCHAR", "feed": "VARCHAR", "file_name": "VARCHAR"},
    )
    store.insert(
        work.connection,
        "rejecting",
        [{"batch_id": f.batch_id, "feed": f.feed, "file_name": f.name} for f in files],
    )
    work.connection.execute(f"""
insert into rejects by name
select
    f.batch_id, f.feed, f.file_name, s._row_number as line_number, s._bad_column as column_name,
    s._bad_value as "value", s._bad_reason as reason,
    {_timestamp(work.as_of)} as quarantined_at, cast({work.run_sequence} as bigint) as run_sequence,
    s._row_key as row_key, false as is_file
from {relation} as s
inner join rejecting as f on f.batch_id = s._batch_id
where s._bad_reason is not null
""")


def _rejected_file(work: _Work, file: LandedFile, why: FileRejected) -> dict[str, Any]:
    return {
        "batch_id": file.batch_id,
        "feed": file.feed,
        "file_name": file.name,
        "line_number": why.line,
        "column_name": why.column,
        "value": why.value,
        "reason": why.reason,
        "quarantined_at": work.as_of,
        "run_sequence": work.run_sequence,
        "row_key": None,
        "is_file": True,
    }


def _commit(work: _Work) -> None:
    """Write the control totals, then the manifest."""
    statements = [
        _statement(batch_id, statement)
        for batch_id, controls in work.bank.statements.items()
        if (BANK_LANDING, batch_id) in work.files
        for statement in controls
    ]
    if statements:
        store.create_table(work.connection, "statements", store.STATEMENT_TYPES)
        store.insert(work.connection, "statements", statements)
        work.write("select * from statements order by all", work.home.statements)
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
        work.home.manifest / store.run_file(work.run_sequence),
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
