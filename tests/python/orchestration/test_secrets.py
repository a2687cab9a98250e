"""No secret in what is committed, nor in what a run or a page writes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.home import Home
from orchestration.review import access_log
from orchestration.review.inbox import InboxUnavailable
from tests.conftest import PLANTED
from tests.python.tieout_process import PROJECT, Tieout

PATTERNS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of a cloud": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b",
    "a token of a forge": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|glpat-[0-9A-Za-z_-]{20})\b",
    "a token of a chat": r"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "a key of a payment provider": r"\b[rs]k_live_[0-9A-Za-z]{16,}",
    "a signed token": r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}",
    "a password in an address": r"\b[a-z][a-z0-9+]*://[^\s/:@\"'`{}<>]+:[^\s/@\"'`{}<>]{3,}@(?!host)",
    "a password": r"(?i)\b(?:password|passwd|client_secret|cookie_secret|api_?key)\b\s*[=:]\s*"
    r"[\"'][^\"'{}$]{8,}[\"']",
}

PLANTED_IN_TESTS = {"tests/python/orchestration/test_secrets.py"}
"""Files whose secrets are made up, to be looked for; tests of logins name theirs so as well."""

MADE_UP = re.compile(r"(?i)pl4nted|hunter2|geheim|0123456789abcdef|the-client-keeps-this|example")


def committed() -> list[Path]:
    """All text files that git knows."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [PROJECT / name for name in names if name and name not in PLANTED_IN_TESTS]


def found_in(text: str) -> list[str]:
    """What looks like a secret in a text, and is not said to be made up."""
    return [
        f"{what}: {match.group(0)[:12]}..."
        for what, pattern in PATTERNS.items()
        for match in re.finditer(pattern, text)
        if not MADE_UP.search(match.group(0))
    ]


def test_no_secret_is_committed() -> None:
    found = {}
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if secrets := found_in(text):
            found[str(path.relative_to(PROJECT))] = secrets
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "key = AKIA" + "ABCDEFGHIJKLMNOP",
        "postgresql://tieout:" + "Zx9qP2wv@db/inbox",
        'client_secret = "Zx9q' + 'P2wvLk31"',
        "stripe: sk_live_" + "a1b2c3d4e5f6a7b8c9",
    ],
)
def test_what_looks_like_a_secret_is_found(line: str) -> None:
    assert found_in(line)


def holding(folder: Path, secret: str) -> Iterator[str]:
    """Files below a folder that hold a secret, whatever kind of file they are."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and secret.encode() in path.read_bytes():
            yield str(path.relative_to(folder))


def test_what_a_run_writes_holds_no_secret_of_its_environment(reconciled: Tieout) -> None:
    assert reconciled.environment()["PGPASSWORD"] == PLANTED
    assert list(reconciled.home.logs.iterdir()), "a run writes logs"
    assert not list(holding(reconciled.home.root, PLANTED))


ADDRESSES = {
    "as a password": "postgresql://tieout:{}@127.0.0.1:1/inbox",
    "as an option": "postgresql://tieout@127.0.0.1:1/inbox?password={}",
    "unescaped": "postgresql://tieout:pre@{}@127.0.0.1:1/inbox",
    "with a wrong port": "postgresql://tieout:{}@127.0.0.1:port/inbox",
    "of another kind": "mysql://tieout:{}@127.0.0.1/inbox",
    "as no address": "{}",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_database_that_does_not_answer_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("TIEOUT_REVIEW_DATABASE", ADDRESSES[address].format(PLANTED))
    with pytest.raises(InboxUnavailable) as refused:
        access_log.entries(Home(tmp_path))
    error: BaseException | None = refused.value
    while error is not None:
        assert PLANTED not in str(error)
        error = error.__cause__


@pytest.mark.thorough
def test_a_run_that_cannot_reach_the_inbox_writes_no_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="install the extra `postgres`")
    url = ADDRESSES["as a password"].format(PLANTED)
    tieout = Tieout(Home(tmp_path / "home"), settings={"TIEOUT_REVIEW_DATABASE": url})
    (tieout.home.landing / "crm_customers").mkdir(parents=True)
    done = tieout("run")
    assert done.returncode == 1
    assert "***@127.0.0.1" in done.stderr + done.stdout, "it says which database"
    assert PLANTED not in done.stdout + done.stderr
    assert not list(holding(tieout.home.root, PLANTED))
