"""A customer that may keep a part of each invoice, by a row that an engineer adds to the seed."""

from __future__ import annotations

import shutil
import subprocess
from decimal import Decimal

import pytest
from tieout_process import PROJECT, Tieout

from orchestration.home import Home
from tests.python.reconciliation.books import Books
from tests.python.reconciliation.conftest import Company

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

PROJECT_FOLDERS = ("models", "macros", "seeds", "tests/dbt", "orchestration")
PROJECT_FILES = ("dbt_project.yml", "profiles.yml", "pyproject.toml")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A project with an agreement of 5 % with one of two customers, who both keep 5 %."""
    folder = tmp_path_factory.mktemp("agreed")
    project = folder / "project"
    for name in PROJECT_FOLDERS:
        shutil.copytree(PROJECT / name, project / name)
    for name in PROJECT_FILES:
        shutil.copy(PROJECT / name, project / name)
    with open(project / "seeds" / "short_pay_agreements.csv", "a", encoding="utf-8") as seed:
        seed.write("agreed,EUR,0.05,100,2026-01-01,\n")
    home = Home(folder / "home").create()
    _books().land(home.landing, "all")
    tieout = Tieout(home)
    done = subprocess.run(
        tieout.command("run"),
        cwd=project,
        env={**tieout.environment(), "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Company(tieout)


def _books() -> Books:
    books = Books()
    agreed, other = books.customer("agreed"), books.customer("other")
    for customer, number, amount, paid in (
        (agreed, "A-10001", "1000.00", "950.00"),
        (agreed, "A-10002", "1000.00", "940.00"),  # more than was agreed
        (agreed, "A-10003", "9000.00", "8550.00"),  # 5 %, but more than 100
        (other, "B-10001", "1000.00", "950.00"),
    ):
        books.invoice(customer, number, amount, "2026-05-01")
        books.receipt(customer, number, paid, "2026-05-20", number)
    return books


@pytest.mark.parametrize(
    ("number", "open_amount"),
    [("A-10001", "0"), ("A-10002", "60"), ("A-10003", "450"), ("B-10001", "50")],
)
def test_what_was_agreed_is_closed_and_nothing_more(
    company: Company, number: str, open_amount: str
) -> None:
    assert company.value(
        f"select open_amount from fct_invoices where invoice_number = '{number}'"
    ) == Decimal(open_amount)


def test_the_agreement_is_named_and_posted_to_its_account(company: Company) -> None:
    [(match_id, kind, explanation)] = company.rows(
        "select match_id, adjustment_kind, explanation from fct_matches "
        "where relation = 'short_pay'"
    )
    assert kind == "short_pay"
    assert "the agreement with the customer explains the rest" in explanation
    assert company.rows(
        f"select debit_amount, currency from fct_journal_entries "
        f"where match_id = '{match_id}' and account_code = '4740'"
    ) == [(Decimal("50"), "EUR")]
