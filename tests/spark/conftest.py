"""One small company, built by both engines from the same raw files, before and after a sealing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orchestration import dbt_runs, steps
from orchestration.home import PROJECT_DIR, Home, Settings

FIRST_RUN = datetime(2026, 3, 31, 6)
SECOND_RUN = FIRST_RUN + timedelta(days=20)

# Unit tests and data tests prove the SQL on DuckDB; the macros' own tests are run on Spark too.
MODELS = ["build", "--exclude", "resource_type:unit_test", "resource_type:test"]
STAGING = ["build", "--select", "path:models/staging", "resource_type:seed", *MODELS[1:]]
MACRO_TESTS = ["test", "--select", "path:tests/dbt/macros"]


@dataclass(frozen=True)
class Build:
    """What both engines made of one state of a home."""

    warehouse: Path
    """The DuckDB file."""
    spark: Path
    """Spark's warehouse: a folder `<schema>.db/<table>` of Parquet files for each table."""


@pytest.fixture(scope="session", autouse=True)
def spark_is_here() -> None:
    """Skip, and say so, where Spark cannot run."""
    if shutil.which("java") is None:
        pytest.skip("Spark is NOT tested: no Java here (Debian: default-jre-headless)")
    pytest.importorskip("pyspark", reason="Spark is NOT tested: pip install -e '.[spark]'")
    pytest.importorskip("dbt.adapters.spark", reason="Spark is NOT tested: install '.[spark]'")


def dbt(home: Home, engine: str, arguments: list[str]) -> None:
    """Run dbt on an engine over a home, and show the end of its log when it fails."""
    environment = dbt_runs.environment(home, os.environ) | {
        "TIEOUT_ENGINE": engine,
        "DBT_TARGET_PATH": str(home.root / f"target_{engine}"),
        "DBT_LOG_PATH": str(home.root / f"logs_{engine}"),
        # No metastore: the comparison reads Spark's files, and each build starts from nothing.
        "TIEOUT_SPARK_CATALOG": "in-memory",
        "TIEOUT_SPARK_PARTITIONS": "1",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *arguments],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"dbt {arguments[0]} on {engine}:\n{done.stdout[-8000:]}"


def build_on_both(home: Home, arguments: list[str] = MODELS) -> Build:
    """Build the home's present state with DuckDB and with Spark, and keep both results."""
    dbt(home, "duckdb", arguments)
    shutil.rmtree(home.root / "spark", ignore_errors=True)
    dbt(home, "spark", arguments)
    kept = home.root / f"kept_{len(list(home.root.glob('kept_*')))}"
    kept.mkdir()
    shutil.copy(home.warehouse, kept / "warehouse.duckdb")
    shutil.move(home.root / "spark" / "warehouse", kept / "spark")
    return Build(kept / "warehouse.duckdb", kept / "spark")


@pytest.fixture(scope="session")
def landed(spark_is_here: None, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small company, read into raw."""
    home = Home(tmp_path_factory.mktemp("spark") / "home")
    home.create()
    steps.land_demo(home, SECOND_RUN.date(), invoices=300, months=3)
    settings = Settings(as_of=FIRST_RUN, reporting_currency="EUR")
    steps.land(home, settings, "test", FIRST_RUN)
    return home


@pytest.fixture(scope="session")
def staged(landed: Home) -> Build:
    """Both engines, as far as staging: the short form."""
    return build_on_both(landed, STAGING)


@pytest.fixture(scope="session")
def first_run(landed: Home) -> Build:
    """Both engines on an empty journal."""
    return build_on_both(landed)


@pytest.fixture(scope="session")
def later_run(landed: Home, first_run: Build) -> Build:
    """Both engines on what the first run sealed, three weeks later."""
    assert steps.seal(landed) is not None
    dbt(landed, "duckdb", ["build", "--select", f"tag:{dbt_runs.AFTER_SEAL_TAG}", *MODELS[1:]])
    settings = Settings(as_of=SECOND_RUN, reporting_currency="EUR")
    steps.land(landed, settings, "test", SECOND_RUN)
    return build_on_both(landed)


@pytest.fixture(scope="session")
def macro_tests_on_spark(spark_is_here: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The tests of the portable macros, on Spark, over a home without data."""
    home = Home(tmp_path_factory.mktemp("macros") / "home")
    home.create()
    (home.root / "spark").mkdir()
    dbt(home, "spark", MACRO_TESTS)
