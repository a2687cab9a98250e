"""One parse of the dbt project for all tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.python import shared_parse

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's manifest of the tree as it is now."""
    folder = tmp_path_factory.mktemp("dbt")
    shared_parse.lend(folder)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "parse"],
        cwd=PROJECT,
        env=os.environ
        | {
            "TIEOUT_HOME": str(folder),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"dbt parse failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
    loaded: dict[str, Any] = json.loads((folder / "target" / "manifest.json").read_text())
    return loaded
