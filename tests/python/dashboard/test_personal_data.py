"""Who may not see personal data does not get it, on any page; who sees it is noted."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import access, data
from orchestration.home import Home
from orchestration.review import access_log
from orchestration.review.access_log import Event
from tests.python.dashboard import small_company
from tests.python.dashboard.conftest import APP, open_page

VIEWS = sorted(path.stem for path in (APP.parent / "views").glob("[a-z]*.py"))


@pytest.fixture
def viewer(published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small company, looked at by a viewer."""
    monkeypatch.setenv("TIEOUT_LOCAL_ROLES", "viewer")
    return published


def personal_values() -> list[bytes]:
    """Names of customers of the small company, and texts of its records, also as HTML has them."""
    rows = small_company.rows()
    texts = [row.get("legal_name") for row in rows["dim_customers"]]
    texts += [row.get("explanation") for row in rows["fct_matches"]]
    texts += [row.get("detail") for row in rows["fct_exceptions"]]
    texts += [row.get("memo") for row in rows["fct_items"]]
    assert len(texts) > 10
    return [form.encode() for text in texts if text for form in {text, escape(text)}]


def everything_on(app: AppTest) -> bytes:
    """All that a page tells a browser, whatever element it is in."""
    protos = [getattr(node, "proto", None) for node in app._tree]
    return b"".join(proto.SerializeToString() for proto in protos if proto is not None)


@pytest.mark.parametrize("view", VIEWS)
def test_no_page_shows_a_viewer_personal_data(viewer: Path, view: str) -> None:
    shown = everything_on(open_page(view))
    assert b"Data as of" in shown
    assert not [value for value in personal_values() if value in shown]


def test_a_record_shows_a_viewer_ids_and_amounts_alone(viewer: Path) -> None:
    shown = everything_on(open_page("record", item_type="invoice", item_id="INV-1"))
    assert b"INV-1" in shown
    assert "•••".encode() in shown
    assert not [value for value in personal_values() if value in shown]


def test_sessions_of_both_kinds_do_not_mix(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same query in the same process, by turns, without the cache being cleared."""
    name = escape(small_company.FORMULA_NAME).encode()
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
    assert escape(small_company.FORMULA_NAME).encode() not in everything_on(app)


def test_a_download_is_for_who_saw_the_button_and_is_noted(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the click there is no session to ask who it is."""
    name = small_company.FORMULA_NAME

    def names() -> bytes:
        rows = data.stream("exceptions_customers")
        return "".join(str(row) for row in rows).encode()

    for roles, is_seen in (("viewer", False), ("analyst", True)):
        monkeypatch.setenv("TIEOUT_LOCAL_ROLES", roles)
        made = access.for_download(names)
        monkeypatch.setattr(access, "person", lambda: pytest.fail("asked at the click"))
        assert (name.encode() in made()) == is_seen
        monkeypatch.undo()
        monkeypatch.setenv("TIEOUT_HOME", str(published))
    events = [entry.event for entry in access_log.entries(Home(published))]
    assert events == [Event.EXPORTED]
