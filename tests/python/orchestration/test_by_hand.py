"""A person's own call of dbt on the warehouse of the last run."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest
from tieout_process import Tieout

from orchestration import by_hand, dbt_runs, parsed
from orchestration.home import Home, TieoutError


@pytest.fixture
def calls(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What dbt was called with, over a home that a run has built; dbt itself is left out."""
    made: list[list[str]] = []

    def stream(_: Home, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
        made.append(list(arguments))
        yield {"info": {"level": "info", "msg": "said"}}
        yield {"info": {"level": "debug", "msg": "not said"}}

    monkeypatch.setattr(dbt_runs, "stream", stream)
    monkeypatch.setattr(dbt_runs, "ensure_parse", lambda home: home.target)
    monkeypatch.setattr(dbt_runs.Dbt, "_start", lambda self: None)
    monkeypatch.setattr(dbt_runs.Dbt, "close", lambda self: None)
    home.run_context.touch()
    home.warehouse.touch()
    home.warehouse_fingerprint.write_text(parsed.code_fingerprint())
    return made


def test_what_dbt_says_is_printed(home: Home, calls: list[list[str]]) -> None:
    out = io.StringIO()
    by_hand.call_dbt(home, ["build", "--select", "int_items+"], out)
    assert calls == [["build", "--select", "int_items+"]]
    assert out.getvalue() == "said\n"


@pytest.mark.parametrize(
    ("call", "is_edited", "is_trusted"),
    [("build", True, False), ("build", False, True), ("show", True, True)],
)
def test_the_next_run_builds_anew_after_edited_code_was_built(
    home: Home, calls: list[list[str]], call: str, is_edited: bool, is_trusted: bool
) -> None:
    """Also where the edit is undone before that run: the table is still that of the edit."""
    vouched = home.warehouse_fingerprint
    if is_edited:
        vouched.write_text("before the edit")
    by_hand.call_dbt(home, [call], io.StringIO())
    assert vouched.exists() == is_trusted


@pytest.mark.parametrize("option", ["--vars={a: 1}", "--target", "-t"])
def test_a_parse_of_another_kind_is_refused(
    home: Home, calls: list[list[str]], option: str
) -> None:
    with pytest.raises(TieoutError, match=option[:4]):
        by_hand.call_dbt(home, ["build", option])
    assert calls == []


def test_nothing_to_call_and_nothing_to_build_on_say_what_to_do(
    home: Home, calls: list[list[str]]
) -> None:
    with pytest.raises(TieoutError, match="Say what dbt is to do"):
        by_hand.call_dbt(home, [])
    home.run_context.unlink()
    with pytest.raises(TieoutError, match="`tieout run` first"):
        by_hand.call_dbt(home, ["build"])
    by_hand.call_dbt(home, ["parse"])
    assert calls == []


@pytest.mark.thorough
def test_a_part_is_built_on_the_last_run(reconciled_copy: Tieout) -> None:
    home = reconciled_copy.home
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("drop table seeds.passes")
    said = reconciled_copy.succeed("dbt", "build", "--select", "passes")
    assert "seeds.passes" in said and "ERROR=0" in said
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) > 0 from seeds.passes").fetchone() == (True,)
