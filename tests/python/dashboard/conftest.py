"""A home with a small publication, and the pages run on it without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

APP = Path(__file__).parents[3] / "dashboard" / "app.py"


@pytest.fixture(scope="session", autouse=True)
def _what_a_server_does_once() -> Iterator[None]:
    """Every `AppTest` looks through all installed packages for components, and compiles the pages;
    a server does so once, and these tests do, too."""
    scripts = ScriptCache()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            cache(manifest_scanner.scan_component_manifests),
        )
        for module in (app_test, local_script_runner):
            patch.setattr(module, "ScriptCache", lambda: scripts)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty `$TIEOUT_HOME`."""
    monkeypatch.setenv("TIEOUT_HOME", str(tmp_path))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield tmp_path
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def published(home: Path) -> Path:
    """A home in which the small company is published."""
    publish(home, small_company.RUN_ID, small_company.rows())
    return home


def open_page(page: str = "", **parameters: str) -> AppTest:
    """Run the app on one page; fails when the page raises."""
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in parameters.items():
        app.query_params[name] = value
    if page:
        app.switch_page(f"views/{page}.py")
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def html_of(app: AppTest) -> str:
    """All HTML of the page, in order."""
    return "\n".join(element.proto.body for element in app.html)
