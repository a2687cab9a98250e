"""What differs between a new version of a feed's export and what was recorded of it.

A finding breaks where runs would load less, or other things, than before: the file or rows of it
are refused, a required column is gone. Held against an export of one's own, so does a column that
was filled and is gone or empty, moments that lose their offset, a record that both tell otherwise.
Others are for information: a new column is kept beside the rows, and nothing reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from orchestration.contract_check.deliveries import Delivery, Landed, landed
from orchestration.files import open_duckdb
from orchestration.home import Home, TieoutError
from orchestration.imports.source import bank_format
from orchestration.imports.vocabulary import plain, vocabulary
from orchestration.ingest.checks import identifier
from orchestration.ingest.contract import BANK_LANDING, load_contract
from orchestration.ingest.tabular import form_of, shape_of

RECORDED = Path(__file__).parent / "recorded"
ALIKE = 0.6
"""From which likeness of their names on a new column may be a gone one under another name."""

ENOUGH_ROWS = 50
"""Recorded rows from which on a value that is in none of them is worth a word."""


@dataclass(frozen=True)
class Finding:
    """One difference, as a sentence."""

    breaks: bool
    says: str


@dataclass(frozen=True)
class Verdict:
    """What a file would bring. `feed` is the landing folder that it belongs to."""

    file: Path
    feed: str
    format: str
    read: int
    loaded: int
    quarantined: int
    findings: tuple[Finding, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing breaks."""
        return not any(finding.breaks for finding in self.findings)


def check(
    home: Home, files: Sequence[Path], *, feed: str | None = None, against: Path | None = None
) -> list[Verdict]:
    """Hold files, or folders of feeds as landing has them, against recorded payloads.

    Args:
        feed: what the files hold, where neither their folder nor their columns say it.
        against: a file or folder of the export as it was; default: what is recorded.

    Raises:
        TieoutError: when there is no such file, or nobody can tell what it holds.
    """
    found = [(feed or _feed_of(path), path) for path in _files(files)]
    recorded = {folder: _recorded(home, folder, against) for folder, _ in found}
    before = [(folder, path) for folder, (paths, _) in recorded.items() for path in paths]
    with landed(found) as new, landed(before) as old:
        return [_verdict(new, old, folder, path, *recorded[folder]) for folder, path in found]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file())
            if not found:
                raise TieoutError(f"{path} holds no file.")
            yield from found
        elif path.is_file():
            yield path
        else:
            raise TieoutError(f"{path} is no file and no folder.")


def _feed_of(path: Path) -> str:
    """The feed that a file is of: by its folder, its content, or most of its columns.

    Raises:
        TieoutError: when none of these says it.
    """
    feeds = load_contract().feeds
    if path.parent.name in load_contract().landing_folders:
        return path.parent.name
    if form_of(path.name)[0] is None and bank_format(path) is not None:
        return BANK_LANDING
    names = set((shape_of(path) or ())[1:])
    likeness = {
        name: len(names & set(feed.names)) / len(names | set(feed.required))
        for name, feed in feeds.items()
        if names
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    if best is None or likeness[best] < 0.5:
        raise TieoutError(
            f"Which feed {path.name} is of, neither its folder nor its columns say: name it with "
            "--feed. A file with headers of its own is read by a map: `tieout import` says what "
            "has changed in its shape."
        )
    return best


def _recorded(home: Home, folder: str, against: Path | None) -> tuple[list[Path], bool]:
    """The recorded payloads of a feed, and whether they are the company's own and not ours.

    Raises:
        TieoutError: when there is no such feed, or what was named holds none.
    """
    folders = load_contract().landing_folders
    if folder not in folders:
        raise TieoutError(f"{folder!r} is no feed. The feeds are {', '.join(sorted(folders))}.")
    if against is not None:
        within = against / folder if (against / folder).is_dir() else against
        found = [within] if within.is_file() else sorted(p for p in within.glob("*") if p.is_file())
        if not found:
            raise TieoutError(f"{against} holds nothing to compare {folder} with.")
        return found, True
    own = home.root / "recorded" / folder
    return sorted((own if own.is_dir() else RECORDED / folder).iterdir()), own.is_dir()


def _verdict(
    news: Landed, olds: Landed, folder: str, path: Path, recorded: Sequence[Path], is_own: bool
) -> Verdict:
    new = news.of_file(folder, path)
    before = olds.by_form(folder, recorded)
    if new is None or not before:
        raise TieoutError(f"{path if new is None else recorded[0]} is empty.")
    same = [old for old in before if old.format == new.format]
    findings = []
    if not same:
        findings.append(Finding(False, f"recorded is the form {before[0].format}, not this one"))
    findings += _findings(new, (same or before)[0], is_own=is_own)
    return Verdict(path, folder, new.format, new.read, new.loaded, new.quarantined, tuple(findings))


def _findings(new: Delivery, old: Delivery, *, is_own: bool) -> Iterator[Finding]:
    gone, came = _of_headers(new, old)
    for column in gone:
        other = _renamed(new.feed.name, column, came)
        maybe = f"; {other!r}, which is new, is likely what it is called now" if other else ""
        needed = column in new.feed.required
        yield Finding(
            needed or (is_own and old.columns[column].filled > 0),
            f"the column {column!r} is gone{', and it is required' if needed else ''}{maybe}",
        )
    if came:
        yield Finding(
            False,
            f"new: {', '.join(map(repr, came))}; the feed has no such column, nothing reads it",
        )
    if new.rejected is not None:
        yield Finding(True, f"the file is refused: {new.rejected}")
        return
    for column, (count, first) in new.problems.items():
        about = f"{column!r}" if column else "the row"
        yield Finding(
            new.rejected_share > old.rejected_share,
            f"{count} of {new.read} rows go into quarantine for {about}, such as {first}",
        )
    for name, facts in new.columns.items():
        before = old.columns[name]
        if name not in gone and before.filled and not facts.filled and new.loaded:
            yield Finding(
                is_own and 2 * before.filled >= old.loaded,
                f"the column {name!r} is empty; it was filled in {before.filled} of "
                f"{old.loaded} rows",
            )
        if old.loaded >= ENOUGH_ROWS and before.values and facts.values:
            unknown = sorted(facts.values - before.values)
            if unknown:
                yield Finding(False, f"{name!r} says {', '.join(unknown)}, as it never did before")
    if new.adds_up is False:
        yield Finding(True, "the totals that its statements state do not agree with their lines")
    if new.naive and not old.naive:
        yield Finding(
            is_own,
            f"{new.naive} timestamps have no offset, as recorded ones do: they are read as "
            f"{new.feed.time_zone}",
        )
    if is_own:
        yield from _of_common_records(new, old)


def _of_headers(new: Delivery, old: Delivery) -> tuple[list[str], list[str]]:
    """Columns of the contract that are gone, and those that are new and not of the contract."""
    known = set(new.feed.names)
    if new.header is None or old.header is None:
        return [], sorted(new.extra - old.extra)
    gone = [name for name in new.feed.names if name in old.header and name not in new.header]
    return gone, [name for name in new.header if name not in known and name not in old.header]


def _renamed(feed: str, column: str, came: Sequence[str]) -> str | None:
    """The new column that is likely a gone one, by what others call it, else by its name."""
    known = vocabulary().feeds.get(feed)
    words = set() if known is None else {plain(word) for word in known.names.get(column, ())}
    for name in came:
        if plain(name) in words:
            return name
    likeness = {name: SequenceMatcher(None, plain(name), plain(column)).ratio() for name in came}
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= ALIKE else None


def _of_common_records(new: Delivery, old: Delivery) -> Iterator[Finding]:
    """What a run would match otherwise: records that both tell, and tell differently."""
    compared = [
        column.name
        for column in new.feed.columns
        if not column.is_key and column.name != new.feed.version_column
    ]
    keys = " and ".join(f"n.{identifier(key)} = o.{identifier(key)}" for key in new.feed.key)
    differs = [f"n.{identifier(name)} is distinct from o.{identifier(name)}" for name in compared]
    with open_duckdb() as connection:
        counts = connection.execute(
            f"select count(*), count(*) filter ({' or '.join(differs) or 'false'})"
            + "".join(f", count(*) filter ({condition})" for condition in differs)
            + f" from {new.rows} as n inner join {old.rows} as o on {keys}"
        ).fetchone()
    assert counts is not None
    common, changed, *by_column = counts
    if changed:
        columns = ", ".join(
            f"{name} of {count}" for name, count in zip(compared, by_column, strict=True) if count
        )
        yield Finding(
            True,
            f"{changed} of {common} records that both tell differ, and would match otherwise: "
            f"{columns}",
        )


def lines(verdict: Verdict) -> Iterator[str]:
    """A verdict for a person."""
    word = "fits" if verdict.fits else "BREAKS"
    yield (
        f"{verdict.file} ({verdict.feed}, {verdict.format}) {word}: of {verdict.read} rows "
        f"{verdict.loaded} would load and {verdict.quarantined} go into quarantine"
    )
    for finding in sorted(verdict.findings, key=lambda finding: not finding.breaks):
        yield f"  {'✗' if finding.breaks else '·'} {finding.says}"
    if not verdict.fits:
        yield (
            "  Next: have the source mend it, or read it by a map (`tieout import`). What matches "
            "otherwise: land it in a copy of the home, `tieout run`, `tieout compare`."
        )
