"""People, and a small publication on which they decide."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from orchestration.home import Home
from orchestration.review import inbox
from orchestration.review.people import Person, Role
from tests.python.dashboard import small_company
from tests.python.dashboard.marts_file import publish

ANA = Person("ana@example.com", "Ana", frozenset({Role.ANALYST}))
BEN = Person("ben@example.com", "Ben", frozenset({Role.APPROVER}))
CARL = Person("carl@example.com", "Carl", frozenset({Role.CONTROLLER}))
VERA = Person("vera@example.com", "Vera", frozenset({Role.VIEWER}))
AUDREY = Person("audrey@example.com", "Audrey", frozenset({Role.AUDITOR}))


def company() -> small_company.Rows:
    """The small company as runs publish it: what stands, and what the currency is."""
    rows = small_company.rows()
    rows["fct_matches"] = [
        {**match, "is_live": match["decision"] == "auto_closed"} for match in rows["fct_matches"]
    ]
    # items are signed by what they do to money owed
    rows["fct_items"] = [
        {**item, "amount": -item["amount"], "open_amount": -item["open_amount"]}
        if item["item_type"] == "credit_memo"
        else {**item, "document_number": None}
        for item in rows["fct_items"]
    ]
    rows["fct_items"].append(
        {
            **rows["fct_items"][-1],
            "item_id": "DE89/E-2",
            "event_date": date(2026, 6, 2),
            "amount": Decimal("250.00"),
            "allocated_amount": Decimal("250.00"),
            "open_amount": Decimal(0),
            "status": "closed",
        }
    )
    rows["agg_executive_daily"] = [
        {**day, "currency": "EUR"} for day in rows["agg_executive_daily"]
    ]
    return rows


@pytest.fixture(scope="session")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the small company is published; not to be written to."""
    home = tmp_path_factory.mktemp("small") / "home"
    publish(home, small_company.RUN_ID, company())
    return home


@pytest.fixture
def published(home: Home, publication: Path) -> Home:
    """A home of one's own in which the small company is published."""
    shutil.copytree(publication, home.root, symlinks=True, dirs_exist_ok=True)
    return home


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A server of PostgreSQL of the tests' own, on a socket; the URL of its superuser."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        pytest.skip("no PostgreSQL here (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg")
    # the server refuses to run as root
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    data = folder / "data"
    if user is not None:
        shutil.chown(folder, user)

    def call(*arguments: str) -> None:
        done = subprocess.run(
            arguments, user=user, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    pg_ctl = found[-1]
    try:
        call(str(pg_ctl.with_name("initdb")), "-D", str(data), "-A", "trust", "-U", "owner",
             "-E", "UTF8", "--no-sync")  # fmt: skip
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        call(str(pg_ctl), "-D", str(data), "-o", settings, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://owner@/postgres?host={folder}"
        finally:
            call(str(pg_ctl), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each kind of database in its turn, an empty one; the environment names it."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    server = make_url(request.getfixturevalue("postgresql"))
    name = f"review_{secrets.token_hex(4)}"
    engine = sa.create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"create database {name}")
    url = server.set(database=name).render_as_string(hide_password=False)
    monkeypatch.setenv(inbox.SETTING, url)
    yield "postgresql"
    inbox.forget(url)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"drop database {name} with (force)")
    engine.dispose()
