"""The daemon keeps its server of code, which Dagster would start anew every minute."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon import controller

from orchestration import dagster_daemon

NOW = 1_800_000_000.0


def looked_after(seconds: float, monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Dagster's own look at how old its workspace is, so long after the last refresh."""
    monkeypatch.setattr(controller, "get_current_timestamp", lambda: NOW)
    daemon = MagicMock()
    daemon._workspace_process_context = MagicMock(spec=WorkspaceProcessContext)
    look = controller.DagsterDaemonController.check_workspace_freshness
    look(daemon, NOW - seconds)
    refresh: MagicMock = daemon._workspace_process_context.refresh_workspace
    return refresh


def test_the_code_is_loaded_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "RELOAD_WORKSPACE_INTERVAL", 60)
    assert looked_after(61, monkeypatch).called, "Dagster looks in another way"
    dagster_daemon.install()
    assert not looked_after(3_600, monkeypatch).called
    assert looked_after(25 * 3_600, monkeypatch).called
