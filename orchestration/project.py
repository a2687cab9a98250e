"""The dbt project as Dagster sees it; a module of its own, so that it is prepared before use."""

from __future__ import annotations

from dagster_dbt import DbtProject

from orchestration import dbt_runs
from orchestration.files import write_text
from orchestration.home import PROJECT_DIR, Home


def dbt_project(home: Home) -> DbtProject:
    """The project with its artifacts under the home; its manifest is made when it is out of date.

    Raises:
        DbtFailed: when the project does not parse.
    """
    ensure_manifest(home)
    return DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=home.target)


def ensure_manifest(home: Home) -> None:
    """Parse the project unless `manifest.json` was made from the code as it is now."""
    manifest = home.target / "manifest.json"
    parsed = home.target / "manifest.fingerprint"
    fingerprint = dbt_runs.code_fingerprint()
    if manifest.exists() and parsed.exists() and parsed.read_text(encoding="utf-8") == fingerprint:
        return
    for _ in dbt_runs.stream(home, ["parse"]):
        pass
    write_text(parsed, fingerprint)
