"""A small company built once, and a copy of it to break.

A guard that was never seen to fail guards nothing. Each test here takes the copy of a built home,
breaks its warehouse with SQL, runs one dbt test on it and sees it fail; then it is mended:

    def test_a_lost_cent_is_found(broken: Breaker) -> None:
        broken("update marts.fct_items set open_amount = 0 where ...").fails("assert_...")
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout

from tests.python import tieout_server
from tests.python.mutation.warehouse_copy import Breaker, Copy, DbtServer

PROJECT = Path(__file__).resolve().parents[3]

_NOT_COPIED = ("landing", "published", "serving.duckdb", "target", "logs", "dagster", "truth")


@pytest.fixture(scope="session")
def dbt_server(reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtServer]:
    """dbt with the project parsed once, for all tests of this folder."""
    artifacts = tmp_path_factory.mktemp("dbt")
    process = tieout_server.start_asked(
        "tests.python.mutation.dbt_server",
        [],
        os.environ
        | {
            "TIEOUT_HOME": str(reconciled.home.root),
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_TARGET_PATH": str(artifacts / "target"),
            "DBT_LOG_PATH": str(artifacts / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": str(PROJECT),
        },
        errors=2,
    )
    yield DbtServer(process)
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=60)


@pytest.fixture(scope="session")
def unbroken(reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built home without what its tables told of the run: half of what it takes to open it."""
    folder = tmp_path_factory.mktemp("unbroken") / "home"
    shutil.copytree(
        reconciled.home.root, folder, ignore=shutil.ignore_patterns(*_NOT_COPIED), symlinks=True
    )
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        told = connection.execute(
            "select table_name from duckdb_tables() "
            "where schema_name = 'changes' and table_name <> 'last_run'"
        ).fetchall()
        for (name,) in told:
            connection.execute(f"drop table changes.{name}")
    return folder


@pytest.fixture(scope="session")
def one_copy(unbroken: Path, dbt_server: DbtServer) -> Iterator[Copy]:
    """The copy that all tests of this folder break, one after the other."""
    folder = unbroken.with_name("broken")
    shutil.copytree(unbroken, folder, symlinks=True)
    yield Copy(folder, dbt_server, unbroken)
    shutil.rmtree(folder)


@pytest.fixture
def copy(one_copy: Copy) -> Iterator[Copy]:
    """An unbroken copy of the built home."""
    with one_copy.restored():
        yield one_copy


@pytest.fixture
def broken(copy: Copy) -> Breaker:
    """Makes a copy of the built home that some statements have broken."""

    def break_it(*statements: str) -> Copy:
        return copy.breaks(*statements)

    return break_it
