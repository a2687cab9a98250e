"""Which seeds the long form takes, and dbt without what the comparison does not need."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=20, help="how many seeds the long form takes")
    parser.addoption("--seed", type=int, help="the one seed that it takes")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        # not known where another folder was called for
        one = metafunc.config.getoption("--seed", None)
        many = metafunc.config.getoption("--seeds", 1)
        seeds = [one] if one is not None else range(1, many + 1)
        metafunc.parametrize("seed", seeds, ids="seed {}".format)


@pytest.fixture(autouse=True)
def _models_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data tests ask whether tables are right, not whether two are equal, and take as long."""
    monkeypatch.setenv("DBT_EXCLUDE_RESOURCE_TYPES", "test unit_test")
