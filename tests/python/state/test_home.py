"""The home: its settings, and the lock that leaves one writer."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.home import Home, HomeIsBusy, Settings, TieoutError, parse_as_of

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-30", datetime(2026, 6, 30)),
        ("2026-06-30T18:00:00Z", datetime(2026, 6, 30, 18)),
        ("2026-06-30T18:00:00+02:00", datetime(2026, 6, 30, 16)),
        ("2026-06-30T18:00", datetime(2026, 6, 30, 18)),
        ("2026-06-30T18:00:00.000001Z", datetime(2026, 6, 30, 18, 0, 0, 1)),
    ],
)
def test_as_of_is_read_as_utc(text: str, moment: datetime) -> None:
    assert parse_as_of(text) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "30.06.2026", "2026-06-30T25:00"])
def test_an_as_of_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(TieoutError, match="2026-06-30T18:00:00Z"):
        parse_as_of(text)


def test_settings_default_to_now_and_euro() -> None:
    assert Settings.from_environment({}) == Settings(as_of=None, reporting_currency="EUR")
    assert Settings.from_environment({"TIEOUT_REPORTING_CURRENCY": "usd"}).reporting_currency == (
        "USD"
    )


def test_a_reporting_currency_that_is_none_is_refused() -> None:
    with pytest.raises(TieoutError, match="ISO 4217"):
        Settings.from_environment({"TIEOUT_REPORTING_CURRENCY": "euros"})


def test_a_relative_home_is_made_absolute() -> None:
    assert Home.from_environment({"TIEOUT_HOME": "x"}).root == Path.cwd() / "x"
    assert Home.from_environment({}).root == PROJECT / "data"


def test_the_lock_refuses_a_second_process_and_names_the_first(home: Home) -> None:
    with home.writing():
        with home.writing():
            pass  # the same process may take it again
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from orchestration.home import Home\nwith Home.from_environment().writing(): pass",
            ],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "HomeIsBusy" in done.stderr
        assert home.lock_file.read_text() in done.stderr
    with home.writing():
        pass


def test_the_lock_goes_with_a_killed_process(home: Home) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time\nfrom orchestration.home import Home\n"
            "with Home.from_environment().writing():\n    print('held', flush=True)\n"
            "    time.sleep(60)",
        ],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(HomeIsBusy, match=str(holder.pid)), home.writing():
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with home.writing():
        pass
