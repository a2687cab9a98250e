"""One parse of the dbt project serves every home of a checkout.

dbt needs many seconds to read the project. What it has read says nothing of a home (where a
database lies changes no model), so it is kept in `.parse/` of the checkout, a folder for each state
of the code, and is loaded by every later run over any home. Where the checkout cannot be written
to, each home keeps its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from orchestration.home import DEFAULT_REPORTING_CURRENCY, PROJECT_DIR, Home

MANIFEST = "manifest.json"
"""What Dagster reads."""

DBT_STATE = "partial_parse.msgpack"
"""What dbt reads; the next parse, of changed code, starts from it."""

KEPT = 4
"""States of the code whose parse is kept: a branch or two, and what was edited on them."""

SEED_SUFFIX = ".csv"

_SOURCE_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
_SOURCE_FILES = ("dbt_project.yml", "profiles.yml", "selectors.yml")
_SOURCE_SUFFIXES = {".sql", ".yml", SEED_SUFFIX, ".md"}
_UNFINISHED = ".new"


def code_fingerprint(project_dir: Path = PROJECT_DIR) -> str:
    """Hash of everything that decides what the warehouse holds, apart from the data.

    The dbt project's files, the versions of dbt and DuckDB (their files differ), and the reporting
    currency.
    """
    currency = os.environ.get("TIEOUT_REPORTING_CURRENCY", DEFAULT_REPORTING_CURRENCY)
    return _hashed(project_fingerprint(project_dir), currency.upper())


def project_fingerprint(project_dir: Path = PROJECT_DIR) -> str:
    """Hash of the dbt project's files and of the versions of dbt and DuckDB."""
    digest = hashlib.sha256()
    for name in sorted(_source_files(project_dir), key=lambda name: name.split("/")):
        with open(f"{project_dir}/{name}", "rb") as file:
            content = hashlib.sha256(file.read()).digest()
        digest.update(name.encode("utf-8") + b"\0" + content)
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(f"{package}=={version(package)}".encode())
    return digest.hexdigest()


def _source_files(project_dir: Path) -> Iterator[str]:
    """Paths below the project, as text: a run asks for these thousand files some ten times."""
    for name in _SOURCE_FILES:
        if (project_dir / name).exists():
            yield name
    for folder in _SOURCE_FOLDERS:
        for place, _, names in os.walk(project_dir / folder):
            within = os.path.relpath(place, project_dir)
            for name in names:
                is_source = os.path.splitext(name)[1] in _SOURCE_SUFFIXES
                if is_source and os.path.isfile(f"{place}/{name}"):
                    yield f"{within}/{name}"


def name_of_parse() -> str:
    """Folder name of the parse of the code as it is.

    It begins with the place of the checkout: dbt keeps the paths of seeds, and would not see that
    the project has moved.
    """
    return f"{_place()}-{_hashed(project_fingerprint(), os.environ.get('TIEOUT_ENGINE', ''))[:32]}"


def find(home: Home) -> Path | None:
    """The folder with the parse of the code as it is, where one was kept."""
    name = name_of_parse()
    for store in (_store_of_checkout(), _store_of_home(home)):
        if (store / name).is_dir():
            with suppress(OSError):
                os.utime(store / name)  # used last, thrown away last
            return store / name
    return None


@contextmanager
def storing(home: Home) -> Iterator[Path]:
    """The folder that parses are kept in; one process at a time is inside, others wait."""
    store = _store_of_checkout()
    try:
        lock = _open_lock(store)
    except OSError:
        store = _store_of_home(home)
        lock = _open_lock(store)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield store
    finally:
        os.close(lock)


def begin(store: Path) -> Path:
    """An unfinished parse: an empty folder, or the newest parse of another state to start from."""
    new = store / _UNFINISHED
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    earlier = _newest_first(store)
    if earlier:
        shutil.copyfile(earlier[0] / DBT_STATE, new / DBT_STATE)
    return new


def finish(new: Path, name: str) -> Path:
    """Keep a parse under its name, and drop those that were not used for longest."""
    kept = new.with_name(name)
    shutil.rmtree(kept, ignore_errors=True)
    new.rename(kept)
    for old in _newest_first(new.parent)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return kept


def _newest_first(store: Path) -> list[Path]:
    """Parses that were made at this place."""
    found = [path for path in store.glob(f"{_place()}-*") if (path / DBT_STATE).exists()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _store_of_checkout() -> Path:
    return PROJECT_DIR / ".parse"


def _store_of_home(home: Home) -> Path:
    return home.target / "parse"


def _open_lock(store: Path) -> int:
    store.mkdir(parents=True, exist_ok=True)
    return os.open(store / ".lock", os.O_RDWR | os.O_CREAT, 0o666)


def _place() -> str:
    return _hashed(str(PROJECT_DIR))[:8]


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()
