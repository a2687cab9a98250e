"""A newcomer with three files with headers of their own has a published result after one run."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import duckdb
import pytest
from tieout_process import Tieout

from orchestration.home import Home

INVOICES = """Sales report June 2026,,,,,
,,,,,
Invoice No,Client,Invoice Date,Due Date,Total,Cur
2026-101,C-1,13/05/2026,12/06/2026,"1,200.00",EUR
2026-102,C-2,14/05/2026,13/06/2026,450.50,EUR
2026-103,C-3,15/05/2026,14/06/2026,99.00,EUR
2026-104,C-1,18/05/2026,17/06/2026,310.00,EUR
,,,Total,"2,059.50",
"""
CUSTOMERS = """Kundennummer;Firma;IBAN;E-Mail
C-1;Müller Maschinenbau GmbH;DE89370400440532013000;buchhaltung@mueller.example
C-2;Northwind Ltd;GB29NWBK60161331926819;ap@northwind.example
C-3;Café Ärmel;;
"""
BANK = """Booking date\tDetails\tPaid in\tPaid out
08/06/2026\tMueller Maschinenbau 2026-101\t1,200.00\t
09/06/2026\tNORTHWIND INV 2026-102\t450.50\t
11/06/2026\tCafe Aermel 2026-103 thanks\t99.00\t
30/06/2026\tBank charges\t\t12.90
"""


@pytest.fixture
def delivered(tmp_path: Path) -> list[str]:
    """The three files, each in its own language, encoding and separator."""
    folder = tmp_path / "delivered"
    folder.mkdir()
    (folder / "sales.csv").write_bytes(INVOICES.encode("utf-16"))
    (folder / "kunden.csv").write_bytes(CUSTOMERS.encode("cp1252"))
    (folder / "bank.tsv").write_bytes(BANK.encode())
    return [str(folder / name) for name in ("sales.csv", "kunden.csv", "bank.tsv")]


def importing(tieout: Tieout, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`tieout import`, with nobody at the keyboard, in a process whose time counts as a child's."""
    return tieout.afresh("import", *arguments)


def test_what_the_files_do_not_say_is_told_with_the_option_that_says_it(
    delivered: list[str], tmp_path: Path
) -> None:
    tieout = Tieout(Home(tmp_path / "home"))
    done = importing(tieout, delivered[2])
    assert done.returncode == 1
    assert "--set 'account_id=...'" in done.stderr
    assert "--set 'currency=...'" in done.stderr
    assert list(tieout.home.landing.rglob("*.csv")) == []


@pytest.mark.thorough
def test_three_files_are_a_published_result_in_one_run(
    delivered: list[str], tmp_path: Path
) -> None:
    tieout = Tieout(Home(tmp_path / "home"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = importing(
        tieout, *delivered, "--set", "account_id=DE02120300000000202051", "--set", "currency=EUR",
        "--yes", "--run",
    )  # fmt: skip
    assert said.returncode == 0, said.stdout[-4000:] + said.stderr[-4000:]
    # Of the processor, not of the clock: what else runs on this machine is none of its matter.
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime < 300
    assert "agrees with the rows" in said.stdout
    assert "✓ Invoices against receipts: runs" in said.stdout
    with duckdb.connect(str(tieout.home.serving.resolve()), read_only=True) as connection:
        (runs,) = connection.execute("select count(*) from marts.fct_runs").fetchone() or (0,)
        settled = connection.execute(
            "select invoice_number from marts.fct_invoices where open_amount = 0 order by 1"
        ).fetchall()
    assert runs == 1
    assert [number for (number,) in settled] == ["2026-101", "2026-102", "2026-103"]
    again = importing(tieout, *delivered, "--yes")
    assert again.returncode == 0 and again.stdout.count("nothing changes") == 3
