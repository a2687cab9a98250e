"""Every YAML file is valid by dbt's own schema.

On DuckDB dbt does not check the keys of YAML files: `descrpition:` or a column's `relationship:`
would pass in silence, and with it a test that never runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema

PROJECT = Path(__file__).resolve().parents[3]
FOLDERS = ("models", "seeds", "macros", "tests/dbt")

# libyaml's where it is there: it reads all files in a tenth of the time
_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FILES = sorted(file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.y*ml"))


def capital_severities(value: Any) -> Any:
    """dbt takes `severity: warn` in any case; its schema only as `Warn` and `Error`."""
    if isinstance(value, dict):
        return {
            key: item.capitalize()
            if key == "severity" and isinstance(item, str)
            else capital_severities(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [capital_severities(item) for item in value]
    return value


def complaints(document: Any) -> list[str]:
    """What the schema has against a document: path and message, one line each."""
    errors = CustomDraft7Validator(resources_schema()).iter_errors(capital_severities(document))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_is_valid(file: Path) -> None:
    document = yaml.load(file.read_text(encoding="utf-8"), Loader=_YamlLoader)
    assert complaints(document) == []


def test_project_file_is_valid() -> None:
    document = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert list(CustomDraft7Validator(project_schema()).iter_errors(document)) == []


@pytest.mark.parametrize(
    "document",
    [
        {"models": [{"name": "m", "descrpition": "a typo"}]},
        {"models": [{"name": "m", "columns": [{"name": "c", "relationship": "no such key"}]}]},
        {"models": [{"name": "m", "config": {"materialised": "table"}}]},
        {"models": [{"name": "m", "data_tests": [{"not_null": {"config": {"severty": "warn"}}}]}]},
        {"unit_tests": [{"name": "u", "model": "m", "given": [], "expects": {"rows": []}}]},
    ],
    ids=["description", "column", "config", "severity", "unit_test"],
)
def test_typo_is_seen(document: dict[str, Any]) -> None:
    assert complaints(document)


def test_lower_case_severity_is_no_typo() -> None:
    test = {"not_null": {"config": {"severity": "warn"}}}
    assert (
        complaints({"models": [{"name": "m", "columns": [{"name": "c", "data_tests": [test]}]}]})
        == []
    )
