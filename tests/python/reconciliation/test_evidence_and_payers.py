"""What a payment says and who pays it, from landed files to matches, in a company made for it.

Three runs: the first learns whose account it was, the second uses that, a person takes it back
before the third.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from stdnum import luhn
from stdnum.iso7064 import mod_97_10
from tieout_process import Tieout

from orchestration.home import Home
from tests.python.reconciliation.conftest import Company

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = "2026-03-10T06:00:00Z", "2026-03-20T06:00:00Z", "2026-03-30T06:00:00Z"
OWN = "DE89370400440532013000"
HUB = "DE02120300000000202051"


def rf(payload: str) -> str:
    """A creditor reference (ISO 11649) by another implementation than ours."""
    return f"RF{mod_97_10.calc_check_digits(payload + 'RF')}{payload}"


def kid(payload: str) -> str:
    """A KID with a Luhn digit, by another implementation than ours."""
    return payload + luhn.calc_check_digit(payload)


def invoice(number: str, customer: str, amount: str, order: str = "") -> Mapping[str, str]:
    return {
        "invoice_id": f"in_{number}",
        "invoice_number": f"INV-2026-{number}",
        "document_type": "invoice",
        "customer_id": customer,
        "issued_at": "2026-02-20T09:00:00Z",
        "due_date": "2026-04-20",
        "currency": "EUR",
        "total_amount": amount,
        "status": "open",
        "purchase_order_number": order,
    }


def line(
    name: str,
    amount: str,
    text: str = "",
    *,
    account: str = "",
    payer: str = "",
    reference: str = "",
    end_to_end: str = "",
    day: str = "2026-03-05",
) -> Mapping[str, str]:
    return {
        "account_id": OWN,
        "entry_id": name,
        "booking_date": day,
        "amount": amount,
        "currency": "EUR",
        "counterparty_account": account,
        "counterparty_name": payer,
        "remittance_information": text,
        "structured_reference": reference,
        "end_to_end_id": end_to_end,
    }


INVOICES = [
    # what is learned: X is CUS-000001, Y is CUS-000002
    invoice("00101", "CUS-000001", "100.00"),
    invoice("00102", "CUS-000001", "150.00"),
    invoice("00103", "CUS-000001", "170.00"),
    invoice("00201", "CUS-000002", "200.00"),
    # how references are written
    invoice("00301", "CUS-000003", "301.00"),
    invoice("00302", "CUS-000003", "302.00"),
    invoice("00303", "CUS-000003", "303.00"),
    invoice("00304", "CUS-000003", "304.00"),
    invoice("00305", "CUS-000003", "305.00"),
    invoice("37552", "CUS-000003", "306.00"),
    # equal amounts: weak words choose
    invoice("00311", "CUS-000003", "44.00", order="PO-4500001"),
    invoice("00312", "CUS-000003", "44.00", order="PO-4500002"),
    invoice("00313", "CUS-000003", "55.00"),
    invoice("00387", "CUS-000003", "55.00"),
    # a wrong number: both owe the same
    invoice("00401", "CUS-000004", "400.00"),
    invoice("00402", "CUS-000005", "400.00"),
    # a deposit for several customers
    invoice("00501", "CUS-000006", "100.00"),
    invoice("00502", "CUS-000007", "200.00"),
    invoice("00503", "CUS-000006", "500.00"),
    invoice("00504", "CUS-000007", "700.00"),
    # looser names
    invoice("00601", "CUS-000008", "601.00"),
    invoice("00602", "CUS-000009", "602.00"),
]

CUSTOMERS = [
    ("CUS-000001", "Xanthe Works GmbH", "", ""),
    ("CUS-000002", "Ypsilon Trading AG", "", ""),
    ("CUS-000003", "Zeta Foods Ltd", "DE11111111111111111111", ""),
    ("CUS-000004", "Quince One Ltd", "DE44444444444444444444", ""),
    ("CUS-000005", "Quince Two Ltd", "DE55555555555555555555", ""),
    ("CUS-000006", "Deposit One Ltd", "", ""),
    ("CUS-000007", "Deposit Two Ltd", "", ""),
    ("CUS-000008", "Müller & Söhne GmbH & Co. KG", "", ""),
    ("CUS-000009", "Internationale Donauhandelsgesellschaft mbH", "", ""),
]

ZETA = {"account": "DE11111111111111111111"}

FIRST_LINES = [
    line("teaches", "100.00", "INV-2026-00101", account=HUB, payer="Payments Hub"),
    line("over a line end", "301.00", "Rechnung INV-2026-003\n01 vom 20.02.", **ZETA),
    line("without zeros", "302.00", "re. inv/2026/302", **ZETA),
    line("rf", "303.00", reference=rf("INV202600303"), **ZETA),
    line("rf mistyped", "304.00", reference="RF00INV202600304", payer="Somebody"),
    line("kid", "305.00", reference=kid("000003" + "202600305"), payer="Somebody"),
    line("inside a word", "306.00", "2026-37552more", payer="Somebody"),
    line("order", "44.00", "for order 4500002", **ZETA),
    line("mistyped", "55.00", "INV-2026-00378", **ZETA),
    line("wrong number", "400.00", "INV-2026-00402", account="DE44444444444444444444"),
    line("deposit", "300.00", end_to_end="DEPOSIT-1", payer="Clearing House"),
    line("deposit in parts", "900.00", end_to_end="DEPOSIT-2", payer="Clearing House"),
    line("umlauts lost", "601.00", payer="MULLER SOHNE"),
    line("cut", "602.00", payer="Internationale Donauhandelsgesellsc"),
]

ADVICE = [
    ("DEPOSIT-1", "Invoice INV-2026-00501", "100.00"),
    ("DEPOSIT-1", "inv/2026/502", "200.00"),
    ("DEPOSIT-2", "INV-2026-00503", "400.00"),
    ("DEPOSIT-2", "INV-2026-00504", "500.00"),
]

SECOND_LINES = [
    line("quotes Y", "200.00", "INV-2026-00201", account=HUB, day="2026-03-15"),
    line("says nothing", "150.00", "thank you", account=HUB, day="2026-03-16"),
]

THIRD_LINES = [
    line("after removal", "170.00", "thank you", account=HUB, day="2026-03-25"),
]


def land(home: Home, place: str, rows: Sequence[Mapping[str, str]]) -> None:
    path = home.landing / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def as_of(home: Home, moment: str) -> Tieout:
    return Tieout(home, as_of=moment)


def matched(company: Company) -> dict[str, list[str]]:
    """Bank line -> the invoices that live matches close with it, by number."""
    found: dict[str, list[str]] = {}
    for entry, number in company.rows(
        """
        select split_part(actual.item_id, '/', 2), right(expected.item_id, 5)
        from fct_match_allocations as actual
        inner join fct_match_allocations as expected on actual.match_id = expected.match_id
        inner join fct_matches as matches on actual.match_id = matches.match_id
        where
            actual.side = 'actual' and expected.side = 'expected'
            and matches.decision in ('auto_closed', 'approved')
        order by 1, 2
        """
    ):
        found.setdefault(entry, []).append(number)
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Company:
    home = Home(tmp_path_factory.mktemp("payers") / "home").create()
    land(home, "billing_invoices/invoices.csv", INVOICES)
    land(home, "bank_transactions/first.csv", FIRST_LINES)
    land(
        home,
        "crm_customers/customers.csv",
        [
            {"customer_id": i, "legal_name": name, "bank_accounts": account, "aliases": aliases}
            for i, name, account, aliases in CUSTOMERS
        ],
    )
    land(
        home,
        "remittance_advice_lines/advice.csv",
        [
            {"remittance_id": payment, "line_id": str(place), "payment_reference": payment,
             "invoice_reference": number, "amount": amount, "currency": "EUR"}
            for place, (payment, number, amount) in enumerate(ADVICE)
        ],
    )  # fmt: skip
    as_of(home, FIRST).succeed("run")
    return Company(as_of(home, FIRST))


@pytest.fixture(scope="module")
def first_matches(first: Company) -> dict[str, list[str]]:
    return matched(first)


@pytest.fixture(scope="module")
def second(first: Company, first_matches: dict[str, list[str]]) -> Company:
    """After the first company has been looked at: it is the same home."""
    home = first.tieout.home
    land(home, "bank_transactions/second.csv", SECOND_LINES)
    as_of(home, SECOND).succeed("run")
    return Company(as_of(home, SECOND))


@pytest.mark.parametrize(
    ("entry", "numbers"),
    [
        ("over a line end", ["00301"]),
        ("without zeros", ["00302"]),
        ("rf", ["00303"]),
        ("rf mistyped", None),
        ("kid", ["00305"]),
        ("inside a word", None),
        ("order", ["00312"]),
        ("mistyped", ["00387"]),
        ("wrong number", None),
        ("deposit", ["00501", "00502"]),
        ("deposit in parts", ["00503", "00504"]),
        ("umlauts lost", ["00601"]),
        ("cut", ["00602"]),
    ],
)
def test_what_a_payment_says_is_read(
    first_matches: dict[str, list[str]], entry: str, numbers: list[str] | None
) -> None:
    assert first_matches.get(entry) == numbers


def test_the_wrong_number_is_shown_to_a_person(first: Company) -> None:
    assert first.rows(
        """
        select matches.decision
        from fct_match_allocations as allocations
        inner join fct_matches as matches on allocations.match_id = matches.match_id
        where allocations.item_id like '%/wrong number'
        """
    ) == [("suggested",)]


def test_someone_else_pays(second: Company) -> None:
    """Case 13: Y's invoice is matched by its number, and the account stays X's."""
    found = matched(second)
    assert found["quotes Y"] == ["00201"]
    assert found["says nothing"] == ["00102"]
    payers = dict(
        second.rows(
            """
            select split_part(item_id, '/', 2), customer_id
            from fct_receipts where item_id like '%/quotes Y' or item_id like '%/says nothing'
            """
        )
    )
    assert payers == {"quotes Y": "CUS-000001", "says nothing": "CUS-000001"}


def test_a_run_over_the_same_facts_learns_nothing_more(second: Company) -> None:
    home = second.tieout.home
    before = matched(second)
    as_of(home, "2026-03-20T12:00:00Z").succeed("run")
    again = Company(as_of(home, SECOND))
    assert matched(again) == before
    assert again.rows(
        "select status, customer_id, match_count, other_match_count from dim_learned_payers "
        f"where learned_key = 'account/{HUB}'"
    ) == [("active", "CUS-000001", 1, 1)]


def test_a_person_removes_a_learned_link(second: Company) -> None:
    home = second.tieout.home
    decision = {
        "decision_id": "d1",
        "decided_at": "2026-03-22T10:00:00Z",
        "actor": "ann",
        "action": "unmatch",
        "items": [{"item_type": "learned_payer", "item_id": f"account/{HUB}"}],
    }
    path = Path(home.landing) / "review_decisions" / "decisions.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(decision) + "\n", encoding="utf-8")
    land(home, "bank_transactions/third.csv", THIRD_LINES)
    as_of(home, THIRD).succeed("run")
    third = Company(as_of(home, THIRD))
    assert third.rows(
        f"select status, removed_by from dim_learned_payers where learned_key = 'account/{HUB}'"
    ) == [("removed", "ann")]
    assert "after removal" not in matched(third)
    assert third.rows(
        "select customer_id from fct_receipts where item_id like '%/after removal'"
    ) == [(None,)]
