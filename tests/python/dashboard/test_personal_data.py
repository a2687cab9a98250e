"""Who may not see personal data does not get it, on any page; who sees it is noted."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from dashboard import data
from orchestration.home import Home
from orchestration.review import access_log
from orchestration.review.access_log import Event
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import APP, html_of, open_page

VIEWS = sorted(path.stem for path in (APP.parent / "views").glob("[a-z]*.py"))


@pytest.fixture
def viewer(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small company, looked at by a viewer."""
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    return published


def personal_values() -> set[str]:
    """Names of customers of the small company, and texts of its records."""
    rows = small_company.rows()
    names = {str(row["legal_name"]) for row in rows["dim_customers"] if row.get("legal_name")}
    texts = {str(row["explanation"]) for row in rows["fct_matches"] if row.get("explanation")}
    details = {str(row["detail"]) for row in rows["fct_exceptions"] if row.get("detail")}
    return names | texts | details


def everything_on(app: object) -> str:
    """All that a page tells a browser, whatever element it is in."""
    return str(app)


@pytest.mark.parametrize("view", VIEWS)
def test_no_page_shows_a_viewer_personal_data(viewer: Path, view: str) -> None:
    shown = everything_on(open_page(view))
    assert not [value for value in personal_values() if value in shown]


def test_a_record_shows_a_viewer_ids_and_amounts_alone(viewer: Path) -> None:
    body = html_of(open_page("record", item_type="invoice", item_id="INV-1"))
    assert "INV-1" in body
    assert "•••" in body or "Customer" in body
    assert not [value for value in personal_values() if value in body]


def test_sessions_of_both_kinds_do_not_mix(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same query in the same process, by turns, without the cache being cleared."""
    [name] = {row["legal_name"] for row in small_company.rows()["dim_customers"]} & {
        small_company.FORMULA_NAME
    }
    for roles, is_seen in (("analyst", True), ("viewer", False), ("analyst", True)):
        monkeypatch.setenv("TIEOUT_LOCAL_ROLES", roles)
        assert (name in everything_on(open_page("exceptions"))) == is_seen


def test_without_the_masked_publication_a_viewer_sees_nothing(viewer: Path) -> None:
    (viewer / "serving_masked.duckdb").unlink()
    st.cache_resource.clear()
    app = open_page("executive")
    assert app.title[0].value == "Nothing is published yet"
    with pytest.raises(data.NotPublishedError):
        data.locate(Home(viewer), is_masked=True)


def test_seeing_is_noted_once_for_a_page_and_its_record(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOCAL_USER", "maria")
    app = open_page("record", item_type="invoice", item_id="INV-1")
    app.run()
    [entry] = access_log.entries(Home(published))
    assert (entry.actor, entry.event) == ("local/maria", Event.SAW_PERSONAL_DATA)
    assert dict(entry.detail) == {"page": "record", "item_type": "invoice", "item_id": "INV-1"}


def test_who_sees_masked_data_is_not_noted(viewer: Path) -> None:
    open_page("exceptions")
    assert access_log.entries(Home(viewer)) == []


def test_where_seeing_cannot_be_noted_nothing_is_shown(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_REVIEW_DATABASE", f"sqlite:///{published}/no/such/folder.sqlite")
    app = open_page("exceptions")
    assert app.title[0].value == "Nothing can be shown"
    assert small_company.FORMULA_NAME not in everything_on(app)
