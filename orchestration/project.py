"""The dbt project as Dagster sees it; a module of its own, so that it is prepared before use."""

from __future__ import annotations

from dagster_dbt import DbtProject

from orchestration import dbt_runs
from orchestration.home import PROJECT_DIR, Home


def dbt_project(home: Home) -> DbtProject:
    """The project with its manifest, which is made when the code has changed.

    Raises:
        DbtFailed: when the project does not parse.
    """
    return DbtProject(
        project_dir=PROJECT_DIR,
        profiles_dir=PROJECT_DIR,
        target_path=dbt_runs.ensure_parse(home),
    )
