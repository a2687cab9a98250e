"""One parse of the project for all homes of a checkout: when it is made, kept, and thrown away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orchestration import dbt_runs, parsed
from orchestration.home import PROJECT_DIR, Home


class Parses:
    """Stands in for dbt: counts the parses, and leaves what dbt leaves."""

    def __init__(self) -> None:
        self.started_from: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def call(self, _: dbt_runs.Dbt, arguments: Sequence[str], folder: Path) -> Iterator[Any]:
        assert list(arguments) == [dbt_runs.PARSE]
        state = folder / parsed.DBT_STATE
        self.started_from.append(state.read_text() if state.exists() else "nothing")
        self.meanwhile()
        state.write_text(f"parse {len(self.started_from)}")
        (folder / parsed.MANIFEST).write_text("{}")
        return iter(())


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one model, in the place of the real one."""
    folder = tmp_path / "checkout"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "a.sql").write_text("select 1")
    monkeypatch.setattr(parsed, "PROJECT_DIR", folder)
    monkeypatch.setattr(
        parsed, "project_fingerprint", lambda: (folder / "models" / "a.sql").read_text()
    )
    return folder


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> Parses:
    parses = Parses()
    monkeypatch.setattr(dbt_runs.Dbt, "call", lambda *args: parses.call(*args))
    monkeypatch.setattr(dbt_runs.Dbt, "_start", lambda self: None)
    monkeypatch.setattr(dbt_runs.Dbt, "close", lambda self: None)
    return parses


def edit(checkout: Path, text: str) -> None:
    (checkout / "models" / "a.sql").write_text(text)


def test_the_second_home_is_given_the_parse_of_the_first(
    checkout: Path, parses: Parses, tmp_path: Path
) -> None:
    first = dbt_runs.ensure_parse(Home(tmp_path / "one"))
    assert dbt_runs.ensure_parse(Home(tmp_path / "two")) == first
    assert len(parses.started_from) == 1
    assert not (tmp_path / "two").exists()


def test_homes_that_start_together_parse_once(
    checkout: Path, parses: Parses, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        homes = [Home(tmp_path / str(number)) for number in range(8)]
        folders = set(pool.map(dbt_runs.ensure_parse, homes))
    assert len(folders) == 1
    assert len(parses.started_from) == 1


def test_an_edit_is_parsed_from_what_was_there_and_its_undoing_not_again(
    checkout: Path, parses: Parses, home: Home
) -> None:
    first = dbt_runs.ensure_parse(home)
    edit(checkout, "select 2")
    assert dbt_runs.ensure_parse(home) != first
    assert parses.started_from == ["nothing", "parse 1"]
    edit(checkout, "select 1")
    assert dbt_runs.ensure_parse(home) == first
    assert len(parses.started_from) == 2


def test_what_is_edited_while_it_is_read_is_read_again(
    checkout: Path, parses: Parses, home: Home
) -> None:
    def edit_once() -> None:
        parses.meanwhile = lambda: None
        edit(checkout, "select 2")

    parses.meanwhile = edit_once
    folder = dbt_runs.ensure_parse(home)
    assert len(parses.started_from) == 2
    assert (folder / parsed.DBT_STATE).read_text() == "parse 2"
    edit(checkout, "select 1")
    assert parsed.find(home) is None, "a parse of half an edit was kept"


def test_the_parse_that_was_used_last_is_kept(checkout: Path, parses: Parses, home: Home) -> None:
    first = dbt_runs.ensure_parse(home)
    for number in range(parsed.KEPT + 2):
        edit(checkout, "select 1")
        assert dbt_runs.ensure_parse(home) == first
        edit(checkout, f"select 1{number}")
        dbt_runs.ensure_parse(home)
    kept = [path for path in first.parent.iterdir() if path.is_dir()]
    assert first in kept
    assert len(kept) == parsed.KEPT


def test_a_parse_made_at_another_place_is_no_start(
    checkout: Path, parses: Parses, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """dbt's parse holds the paths of seeds, and dbt does not see that the project has moved."""
    dbt_runs.ensure_parse(home)
    moved = checkout.rename(tmp_path / "moved")
    monkeypatch.setattr(parsed, "PROJECT_DIR", moved)
    monkeypatch.setattr(parsed, "project_fingerprint", lambda: "select 1")
    dbt_runs.ensure_parse(home)
    assert parses.started_from == ["nothing", "nothing"]


def test_a_checkout_that_cannot_be_written_to_leaves_the_parse_to_the_home(
    checkout: Path, parses: Parses, home: Home
) -> None:
    (checkout / ".parse").write_text("a file where the folder would be")
    folder = dbt_runs.ensure_parse(home)
    assert home.target in folder.parents
    assert dbt_runs.ensure_parse(home) == folder
    assert len(parses.started_from) == 1


def test_a_parse_that_failed_is_not_kept(
    checkout: Path, parses: Parses, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise dbt_runs.DbtFailed("does not parse")

    parses.meanwhile = fail
    with pytest.raises(dbt_runs.DbtFailed):
        dbt_runs.ensure_parse(home)
    assert parsed.find(home) is None
    parses.meanwhile = lambda: None
    assert dbt_runs.ensure_parse(home) == parsed.find(home)


def test_the_parse_holds_the_seeds_of_this_checkout(home: Home) -> None:
    manifest = json.loads((dbt_runs.ensure_parse(home) / parsed.MANIFEST).read_text("utf-8"))
    seeds = [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    assert {seed["root_path"] for seed in seeds} == {str(PROJECT_DIR)}


def test_the_fingerprint_follows_code_and_reporting_currency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    model = tmp_path / "models" / "a.sql"
    model.write_text("select 1")
    first = parsed.code_fingerprint(tmp_path)
    assert parsed.code_fingerprint(tmp_path) == first
    (tmp_path / "models" / "a.pyc").write_text("not code of the warehouse")
    assert parsed.code_fingerprint(tmp_path) == first
    model.write_text("select 2")
    second = parsed.code_fingerprint(tmp_path)
    assert second != first
    monkeypatch.setenv("TIEOUT_REPORTING_CURRENCY", "USD")
    assert parsed.code_fingerprint(tmp_path) != second
