"""One parse of the dbt project for all tests of this folder."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestration import dbt_runs, parsed
from orchestration.home import Home


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's manifest of the tree as it is now."""
    folder = dbt_runs.ensure_parse(Home(tmp_path_factory.mktemp("dbt")))
    loaded: dict[str, Any] = json.loads((folder / parsed.MANIFEST).read_text(encoding="utf-8"))
    return loaded
