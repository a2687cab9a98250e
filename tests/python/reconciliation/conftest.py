"""Whole companies, reconciled once for all tests of this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from tieout_process import PROJECT, Tieout

from orchestration.home import Home
from tests.python.reconciliation import landings

if TYPE_CHECKING:
    from tests.python.reconciliation.two_days import TwoDays

COMPANY = PROJECT.parent / "shared" / "data" / "company" / "landing"


# Homes that live through several runs: `make test-stories`.
STORIES = {"story", "second"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a story is left to the target for stories."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and STORIES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.thorough)


@dataclass(frozen=True)
class Company:
    """A reconciled home, and SQL over its published marts."""

    tieout: Tieout

    @property
    def truth(self) -> Path:
        return self.tieout.home.root / "truth"

    def rows(self, sql: str) -> list[tuple]:
        return self.read(self.tieout.home.serving.resolve(), sql)

    @staticmethod
    def read(published: Path, sql: str) -> list[tuple]:
        """Rows of the marts that a run has published."""
        with duckdb.connect(str(published), read_only=True) as connection:
            connection.execute("use marts")
            return connection.execute(sql).fetchall()

    def value(self, sql: str) -> object:
        [(value,)] = self.rows(sql)
        return value


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company in the size that `make run` lands, after one run."""
    tieout = Tieout(Home(tmp_path_factory.mktemp("demo") / "home"))
    tieout.succeed("demo", "--end", "2026-06-30")
    tieout.succeed("run")
    return Company(tieout)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The real company beside the checkout, after one run in its own base currency."""
    if not COMPANY.is_dir():
        pytest.skip("the real company's books (../shared/data/company) are not here")
    home = Home(tmp_path_factory.mktemp("company") / "home").create()
    shutil.copytree(COMPANY, home.landing, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(home.landing):
        Path(folder).chmod(0o755)
    tieout = Tieout(
        home, as_of="2020-10-01T00:00:00Z", settings={"TIEOUT_REPORTING_CURRENCY": "CAD"}
    )
    tieout.succeed("run")
    return Company(tieout)


@pytest.fixture(scope="session")
def story(
    reconciled: Tieout, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[landings.Company]:
    """The small demo company over three more days, on which the modules below land and decide."""
    from tests.python.reconciliation import test_certificates, test_duplicates, test_orders

    home = Home(tmp_path_factory.mktemp("story") / "home")
    shutil.copytree(reconciled.home.root, home.root, symlinks=True)
    company = landings.Company(Tieout(home))
    for day in range(3):
        for module in (test_duplicates, test_orders, test_certificates):
            module.land(company, day)
        company.run()
    yield company
    shutil.rmtree(home.root)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> TwoDays:
    """The company of the hard cases, its rows as the cases write them."""
    from tests.python.reconciliation.two_days import live_two_days

    return live_two_days(Home(tmp_path_factory.mktemp("cases") / "home"), None)


@pytest.fixture(scope="session")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> TwoDays:
    """The same company, its rows shuffled over several files."""
    from tests.python.reconciliation.two_days import live_two_days

    return live_two_days(Home(tmp_path_factory.mktemp("shuffled") / "home"), 20261122)


@pytest.fixture(scope="session", params=["written", "shuffled"])
def company(request: pytest.FixtureRequest) -> TwoDays:
    """Each of the two in its turn."""
    return request.getfixturevalue(request.param)
