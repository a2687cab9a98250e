"""The hard cases of the field, each once a real failure of other software.

One company whose customers each live through one case, reconciled twice: with its rows as written
here, and shuffled over several files.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from tieout_process import Tieout, mart_differences

from orchestration.home import Home
from tests.python.reconciliation.books import ACCOUNT, Books
from tests.python.reconciliation.conftest import Company

pytestmark = pytest.mark.slow

AS_OF = "2026-07-01T06:00:00Z"
OTHER_ACCOUNT = "DE89370400440532013000"


def exact_sum_trap(books: Books) -> None:
    c = books.customer("c1")
    for number, amount in (
        ("36455", "500"),
        ("24054", "750"),
        ("38661", "1500"),
        ("108003", "500"),
    ):
        books.invoice(c, number, amount, "2026-05-01")
    books.receipt(c, "1a", "3250", "2026-05-20", "Invoices 36455; 24054; 38661 and 37552more")
    books.receipt(c, "1b", "500", "2026-05-21", "Payment for 108003")


def noise_sums(books: Books) -> None:
    c = books.customer("c2")
    for number, amount in (
        ("N-20001", "750"), ("N-20002", "2500"), ("N-20003", "25000"), ("N-20004", "5000"),
        ("N-20005", "2500"), ("N-20006", "1750"), ("N-20007", "1000"),
    ):  # fmt: skip
        books.invoice(c, number, amount, "2026-05-01")
    books.receipt(c, "2a", "30750", "2026-05-10", "3 Invoices")
    c = books.customer("c2i")
    books.invoice(c, "25760", "25000", "2026-04-26")
    books.receipt(c, "2b", "6000", "2026-04-28", "Installment 1 for 25760")
    books.receipt(c, "2c", "19000", "2026-04-30", "Installment 2 for 25760")


def three_equal_lines(books: Books) -> None:
    c = books.customer("c3")
    books.invoice(c, "T-30001", "37500", "2026-05-01")
    for entry, day in (("3a", "12"), ("3b", "10"), ("3c", "02")):
        books.receipt(c, entry, "37500", f"2026-05-{day}")


def digits_inside_digits(books: Books) -> None:
    for name, number, amount, text, paid in (
        ("c4a", "14", "310", "(1814)", "77.01"),
        ("c4b", "1814", "320", "order 91814", "78.02"),
        ("c4c", "9910", "330", "INV-99910", "79.03"),
        ("c4d", "20260042", "340", "2026 0042", "340"),
    ):
        c = books.customer(name)
        books.invoice(c, number, amount, "2026-05-01")
        books.receipt(c, name, paid, "2026-05-10", text)


def already_explained(books: Books) -> None:
    c = books.customer("c5")
    books.invoice(c, "E-50001", "62500", "2026-06-02")
    books.invoice(c, "E-50002", "25750", "2026-06-02")
    books.add("bank_accounts", account_id=OTHER_ACCOUNT, currency="EUR", ledger_account_code="1005")
    books.receipt(None, "5", "88250", "2026-05-29", "collection", account_id=OTHER_ACCOUNT)
    for entry, amount in (("5a", "62500"), ("5b", "25750")):
        books.add(
            "ledger_entries", entry_id=entry, line_id="1", account_code="1005", currency="EUR",
            posting_date="2026-05-29", debit_amount=amount, credit_amount="",
            description="customer receipt",
        )  # fmt: skip


def two_explanations(books: Books) -> None:
    c = books.customer("c6")
    for place in range(3):
        books.invoice(c, f"S-6000{place}", "1000", f"2026-05-0{place + 1}")
    books.receipt(c, "6a", "2000", "2026-05-10")
    c = books.customer("c6s")
    for number, amount in (("S-61001", "1000"), ("S-61002", "400"), ("S-61003", "600")):
        books.invoice(c, number, amount, "2026-05-01")
    books.receipt(c, "6b", "1000", "2026-05-10")


def order_does_not_matter(books: Books) -> None:
    c = books.customer("c7")
    books.invoice(c, "O-70001", "12.39", "2026-05-12")
    books.receipt(c, "7a", "12.39", "2026-05-08")
    books.receipt(c, "7b", "12.39", "2026-05-12")
    c = books.customer("c7l")
    for month in range(1, 6):
        books.invoice(c, f"L-7100{month}", "612.07", f"2026-0{month}-01")
        books.receipt(c, f"7l{month}", "612.07", f"2026-0{month}-04")


def fee_and_short_pay(books: Books) -> None:
    c = books.customer("c9")
    books.invoice(c, "F-90001", "100", "2026-05-01")
    books.receipt(
        c, "9a", "95", "2026-05-10", "F-90001", original_amount="100", original_currency="EUR"
    )
    c = books.customer("c9s")
    books.invoice(c, "F-90002", "1000", "2026-05-01")
    books.receipt(c, "9b", "500", "2026-05-10")


def withholding(books: Books) -> None:
    for name, rate, text in (("c10", "0.015", "W-10001"), ("c10q", "0.015", ""), ("c10n", "", "")):
        c = books.customer(name)
        number = {"c10": "W-10001", "c10q": "W-10002", "c10n": "W-10003"}[name]
        books.invoice(c, number, "3000", "2026-05-01", withholding_rate=rate)
        books.receipt(c, name, "2955", "2026-05-20", text)


def mixed_signs(books: Books) -> None:
    c = books.customer("c11")
    books.invoice(c, "M-11001", "350.21", "2026-05-01")
    books.invoice(c, "M-11002", "100.10", "2026-05-02", document_type="credit_memo")
    books.invoice(c, "M-11003", "50.05", "2026-05-03", document_type="credit_memo")
    books.receipt(c, "11a", "200.06", "2026-05-20")
    c = books.customer("c11s")
    books.invoice(c, "M-11011", "100", "2026-05-01")
    books.invoice(c, "M-11012", "150", "2026-05-02")
    books.receipt(c, "11b", "180", "2026-05-20", "M-11011 M-11012")
    c = books.customer("c11r")
    books.invoice(c, "M-11021", "50", "2026-05-01", document_type="credit_memo")
    books.receipt(c, "11c", "-60", "2026-05-20", "M-11021")


def foreign_exchange(books: Books) -> None:
    for day, rate in (("2026-05-01", "0.85"), ("2026-05-20", "0.80")):
        for currency, value in (("USD", rate), ("SEK", "0.09")):
            books.add(
                "fx_rates", rate_date=day, base_currency=currency, quote_currency="EUR",
                source="ECB", rate=value,
            )  # fmt: skip
    c = books.customer("c12")
    books.invoice(c, "X-12001", "100", "2026-05-01", currency="USD")
    books.receipt(c, "12a", "100", "2026-05-20", "X-12001", currency="USD")
    c = books.customer("c12t")
    books.invoice(c, "X-12002", "100", "2026-05-01")
    for place in range(3):
        books.receipt(c, f"12t{place}", "33.33", f"2026-05-1{place}", "X-12002")
    c = books.customer("c12s")
    books.invoice(c, "X-12003", "100", "2026-05-01")
    books.receipt(c, "12s", "100", "2026-05-20", "", currency="SEK")
    # EUR 85 were USD 100 on the invoice's day; EUR 80 were left of them when they came
    c = books.customer("c12i")
    books.invoice(c, "X-12004", "85", "2026-05-01")
    books.receipt(c, "12i", "100", "2026-05-20", "X-12004", currency="USD")
    for account, entry, amount, currency in (
        ("AU-OWN", "12x", "-100", "AUD"),
        ("US-OWN", "12y", "120", "USD"),
    ):
        books.add("bank_accounts", account_id=account, currency=currency)
        books.receipt(None, entry, amount, "2026-05-20", "FX-778812", currency, account_id=account)


def processor_chain(books: Books) -> None:
    c = books.customer("c15")
    books.invoice(c, "P-15001", "80", "2026-05-01")
    books.charge(c, "ch15", "80", "2026-05-02", "P-15001")
    for name, status in (("re15a", "failed"), ("re15b", "succeeded")):
        books.charge(
            c, name, "-80", "2026-05-05", type="refund", status=status,
            related_transaction_id="ch15",
        )  # fmt: skip
    books.charge("", "ch15p", "1000", "2026-05-02", customer_id="", payout_id="po15")
    for name, amount in (("ad15a", "-500"), ("ad15b", "300")):
        books.charge(
            "", name, amount, "2026-05-03", type="adjustment", customer_id="", payout_id="po15"
        )
    books.add(
        "gateway_payouts", gateway="pay", payout_id="po15", amount="800", currency="EUR",
        created_at="2026-05-04T00:00:00Z", status="paid", bank_reference="PO15REF",
    )  # fmt: skip
    # nothing is left of what came in, and the fee that took it has to be posted all the same
    books.charge(
        "", "ch15f", "0.30", "2026-05-02", customer_id="", payout_id="po15", fee_amount="0.30",
        net_amount="0",
    )  # fmt: skip
    for entry in ("zero15a", "zero15b"):
        books.receipt(
            None, entry, "0", "2026-05-08", "interest less charges",
            original_amount="5", original_currency="EUR",
        )  # fmt: skip
    for line, debit, credit in (("1", "5", ""), ("2", "", "5")):
        books.add(
            "ledger_entries", entry_id="j15", line_id=line, account_code="1000", currency="EUR",
            posting_date="2026-05-08", debit_amount=debit, credit_amount=credit,
            reference="zero15b",
        )  # fmt: skip
    # paid out by hand: no transaction names its payout, and the ids are not in order
    for name, amount, day in (
        ("m9", "120.40", "06"), ("m5", "-20.40", "07"), ("m7", "75", "08"), ("m1", "33", "12"),
    ):  # fmt: skip
        books.charge("", name, amount, f"2026-05-{day}", type="adjustment", customer_id="")
    for name, amount, day in (("po15m2", "75", "11"), ("po15m1", "100", "09")):
        books.add(
            "gateway_payouts", gateway="pay", payout_id=name, amount=amount, currency="EUR",
            created_at=f"2026-05-{day}T00:00:00Z", status="paid",
        )  # fmt: skip


def offsetting_unknowns(books: Books) -> None:
    books.receipt(None, "17a", "50.55", "2026-05-05", "unknown")
    books.receipt(None, "17b", "-50.55", "2026-05-05", "unknown")


def published_set_problem(books: Books) -> None:
    c = books.customer("c19")
    amounts = ("600", "615", "700", "1200", "1300", "1415", "2000", "2015")
    for place, amount in enumerate(amounts):
        books.invoice(c, f"Q-1900{place}", amount, "2026-05-01")
    books.invoice(c, "Q-19009", "300", "2026-05-01", document_type="credit_memo")
    books.receipt(c, "19", "4215", "2026-05-20")


def recurring_amounts(books: Books) -> None:
    c = books.customer("c20")
    months = [(2024 + (6 + n) // 12, (6 + n) % 12 + 1) for n in range(24)]
    for n, (year, month) in enumerate(months):
        books.invoice(c, f"R-20{n:03d}", "149", f"{year}-{month:02d}-01")
        if n != 11:
            books.receipt(c, f"20.{n:03d}", "149", f"{year}-{month:02d}-08")


CASES = (
    exact_sum_trap, noise_sums, three_equal_lines, digits_inside_digits, already_explained,
    two_explanations, order_does_not_matter, fee_and_short_pay, withholding, mixed_signs,
    foreign_exchange, processor_chain, offsetting_unknowns, published_set_problem,
    recurring_amounts,
)  # fmt: skip


def reconcile(home: Home, shuffle: int | None) -> Company:
    books = Books()
    books.add("bank_accounts", account_id=ACCOUNT, currency="EUR", ledger_account_code="1000")
    for case in CASES:
        case(books)
    books.land(home.create().landing, shuffle=shuffle)
    tieout = Tieout(home, as_of=AS_OF)
    tieout.succeed("run")
    return Company(tieout)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return reconcile(Home(tmp_path_factory.mktemp("cases") / "home"), None)


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return reconcile(Home(tmp_path_factory.mktemp("shuffled") / "home"), 20261122)


@pytest.fixture(
    scope="module", params=["written", pytest.param("shuffled", marks=pytest.mark.thorough)]
)
def company(request: pytest.FixtureRequest) -> Company:
    return request.getfixturevalue(request.param)


@pytest.mark.thorough
def test_shuffled_rows_give_the_same_marts(written: Company, shuffled: Company) -> None:
    """All but what names a file, a batch or a run: batches are other files here."""
    files = {
        "fct_batches": {"batch_id", "file_name", "landed_at", "rows_read", "rows_loaded"},
        "fct_items": {"batch_id"},
    }
    differences = mart_differences(
        written.tieout.home.serving.resolve(), shuffled.tieout.home.serving.resolve(), files
    )
    about_matching = (
        "fct_items",
        "fct_match_allocations",
        "fct_match_candidates",
        "fct_exceptions",
    )
    assert [d for d in differences if d.startswith(about_matching)] == []


def invoice(company: Company, number: str) -> tuple[str, Decimal, Decimal, Decimal]:
    """Status, matched, adjusted and open amount of a document."""
    [row] = company.rows(
        "select reconciliation_status, matched_amount, adjusted_amount, open_amount "
        f"from fct_invoices where invoice_number = '{number}'"
    )
    return row


def payment(company: Company, entry: str) -> tuple[str, Decimal, Decimal]:
    """Status, allocated and open amount of a bank line among the receipts."""
    [row] = company.rows(
        "select status, allocated_amount, open_amount from fct_items "
        f"where reconciliation = 'invoice_to_receipt' and item_id = '{ACCOUNT}/{entry}'"
    )
    return row


def partners(company: Company, entry: str, decision: str = "auto_closed") -> list[list[str]]:
    """For each match of a bank line with this decision: the numbers of its documents."""
    return [
        numbers
        for (numbers,) in company.rows(
            f"""
            select list_sort(list(invoices.invoice_number))
            from fct_match_allocations as payments
            inner join fct_matches as matches on payments.match_id = matches.match_id
            inner join fct_match_allocations as documents on payments.match_id = documents.match_id
            inner join fct_invoices as invoices on documents.item_id = invoices.invoice_id
            where
                payments.item_id = '{ACCOUNT}/{entry}'
                and matches.reconciliation = 'invoice_to_receipt'
                and matches.decision = '{decision}'
                and documents.side = 'expected'
            group by payments.match_id
            order by all
            """
        )
    ]


def test_1_exact_sum_trap(company: Company) -> None:
    assert partners(company, "1a") == [["24054", "36455", "38661"]]
    assert payment(company, "1a")[1:] == (2750, 500)
    assert partners(company, "1b") == [["108003"]]
    assert invoice(company, "108003")[3] == 0


def test_2_noise_sums(company: Company) -> None:
    assert partners(company, "2a") == []
    assert len(partners(company, "2a", "suggested")) > 1
    assert partners(company, "2b") == partners(company, "2c") == [["25760"]]
    assert invoice(company, "25760")[3] == 0


def test_3_three_equal_lines(company: Company) -> None:
    assert partners(company, "3c") == [["T-30001"]]
    assert payment(company, "3a")[2] == payment(company, "3b")[2] == 37500


def test_4_digits_inside_digits(company: Company) -> None:
    for entry in ("c4a", "c4b", "c4c"):
        assert partners(company, entry) == partners(company, entry, "suggested") == []
    assert partners(company, "c4d") == [["20260042"]]


def test_5_already_explained(company: Company) -> None:
    """The two receipts of the ledger are proposed; no payer, so no invoice, whatever amounts."""
    assert company.rows(
        f"""
        select distinct ledger.item_id, matches.decision
        from fct_match_allocations as line
        inner join fct_matches as matches on line.match_id = matches.match_id
        inner join fct_match_allocations as ledger on line.match_id = ledger.match_id
        where line.item_id = '{OTHER_ACCOUNT}/5' and ledger.item_id <> line.item_id
        order by all
        """
    ) == [("5a/1", "suggested"), ("5b/1", "suggested")]
    assert invoice(company, "E-50001")[3] == 62500
    assert invoice(company, "E-50002")[3] == 25750


def test_6_two_explanations(company: Company) -> None:
    assert partners(company, "6a") == []
    assert len(partners(company, "6a", "suggested")) == 3
    assert partners(company, "6b") == [["S-61001"]]


def test_7_order(company: Company) -> None:
    assert partners(company, "7b") == [["O-70001"]]
    assert payment(company, "7a")[1] == 0
    for month in range(1, 6):
        assert partners(company, f"7l{month}") == [[f"L-7100{month}"]]


def test_9_fee_and_short_pay(company: Company) -> None:
    assert invoice(company, "F-90001") == ("settled", 95, 5, 0)
    assert payment(company, "9a") == ("closed", 95, 0)
    assert invoice(company, "F-90002")[3] == 1000
    assert partners(company, "9b") == []


def test_10_withholding(company: Company) -> None:
    for number in ("W-10001", "W-10002"):
        assert invoice(company, number) == ("settled", 2955, 45, 0)
    posted = company.rows(
        "select sum(debit_amount) from fct_journal_entries where account_code = '1450'"
    )
    assert posted == [(90,)]
    assert invoice(company, "W-10003")[1:3] == (0, 0)


def test_11_mixed_signs(company: Company) -> None:
    assert partners(company, "11a") == [["M-11001", "M-11002", "M-11003"]]
    assert partners(company, "11b") == []
    assert partners(company, "11b", "suggested") == [["M-11011", "M-11012"]]
    suggested = company.rows(
        "select allocated_amount from fct_match_allocations "
        "where item_id in ('id-M-11011', 'id-M-11012') order by item_id"
    )
    assert suggested == [(100,), (80,)]
    # paid out 60 for a credit memo of 50: the memo is used up, and the 10 wait for a person
    assert payment(company, "11c") == ("partial", -50, -10)
    assert invoice(company, "M-11021")[1:] == (50, 0, 0)
    assert company.rows(
        "select exception_type, amount from fct_exceptions where status = 'open' "
        f"and reconciliation = 'invoice_to_receipt' and item_id = '{ACCOUNT}/11c'"
    ) == [("overpayment", -10)]


def test_12_foreign_exchange(company: Company) -> None:
    assert invoice(company, "X-12001")[3] == 0
    assert company.rows(
        "select account_code, base_debit_amount from fct_journal_entries "
        "where posting_kind = 'realised_fx'"
    ) == [("6880", 5)]
    assert invoice(company, "X-12004") == ("settled", 80, 5, 0)
    assert company.rows(
        "select account_code, base_debit_amount from fct_journal_entries where posting_kind = 'fx'"
    ) == [("6880", 5)]
    assert invoice(company, "X-12002")[1:] == (Decimal("99.99"), Decimal("0.01"), 0)
    assert partners(company, "12s") == partners(company, "12s", "suggested") == []
    assert company.rows(
        "select items.item_id, items.status, items.set_aside_reason, trace.detail ->> 'other' "
        "from fct_items as items inner join fct_record_trace as trace "
        "on items.item_id = trace.item_id and trace.event = 'set_aside' "
        "where items.item_id in ('AU-OWN/12x', 'US-OWN/12y') order by items.item_id"
    ) == [
        ("AU-OWN/12x", "set_aside", "own_transfer", "US-OWN/12y"),
        ("US-OWN/12y", "set_aside", "own_transfer", "AU-OWN/12x"),
    ]
    for mart in ("fct_exceptions", "fct_receipts"):
        assert (
            company.rows(f"select * from {mart} where item_id in ('AU-OWN/12x', 'US-OWN/12y')")
            == []
        )


def test_15_processor_chain(company: Company) -> None:
    """The refused refund counts for nothing, the approved one once; corrections net to −200."""
    assert company.rows(
        "select item_id, status from fct_items "
        "where item_type = 'refund' and reconciliation = 'invoice_to_receipt' order by item_id"
    ) == [("pay/re15a", "set_aside"), ("pay/re15b", "closed")]
    assert company.rows(
        "select status, allocated_amount from fct_items where item_id = 'pay/po15' "
        "and reconciliation = 'gateway_to_payout'"
    ) == [("closed", 800)]
    assert company.rows(
        "select item_id, reconciliation, status from fct_items "
        f"where item_id like '{ACCOUNT}/zero15_' order by all"
    ) == [
        (f"{ACCOUNT}/zero15a", "bank_to_ledger", "open"),
        (f"{ACCOUNT}/zero15a", "invoice_to_receipt", "open"),
        (f"{ACCOUNT}/zero15b", "bank_to_ledger", "closed"),
        (f"{ACCOUNT}/zero15b", "invoice_to_receipt", "closed"),
    ]
    assert company.rows(
        "select exception_type from fct_exceptions "
        f"where item_id like '{ACCOUNT}/zero15_' and status = 'open' order by all"
    ) == [("missing_in_ledger",), ("unexplained_bank_line",)]
    # the fee inside the charge of net zero is posted with the payout that the charge belongs to
    assert company.rows(
        "select entries.debit_amount from fct_journal_entries as entries "
        "inner join fct_match_allocations as charges on entries.match_id = charges.match_id "
        "where charges.item_id = 'pay/ch15f' and entries.posting_kind = 'processing_fee'"
    ) == [(Decimal("0.30"),)]
    assert company.rows(
        """
        select payouts.item_id, list_sort(list(members.item_id)), min(matches.rule_id)
        from fct_match_allocations as payouts
        inner join fct_matches as matches on payouts.match_id = matches.match_id
        inner join fct_match_allocations as members on payouts.match_id = members.match_id
        where
            payouts.item_id like 'pay/po15m%'
            and matches.reconciliation = 'gateway_to_payout'
            and matches.decision = 'auto_closed'
            and members.side = 'expected'
        group by payouts.item_id
        order by payouts.item_id
        """
    ) == [
        ("pay/po15m1", ["pay/ch15", "pay/m5", "pay/m9", "pay/re15b"], "gp_balance_exact"),
        ("pay/po15m2", ["pay/m7"], "gp_balance_exact"),
    ]


def test_17_offsetting_unknowns(company: Company) -> None:
    """A difference of zero is no proof: both lines stay open, or out of scope, and unmatched."""
    assert company.rows(
        "select count(*) from fct_match_allocations "
        f"where item_id in ('{ACCOUNT}/17a', '{ACCOUNT}/17b')"
    ) == [(0,)]
    assert payment(company, "17a")[2] == Decimal("50.55")


def test_19_published_set_problem(company: Company) -> None:
    assert partners(company, "19") == []
    assert len(partners(company, "19", "suggested")) == 3
    assert (
        company.value("select count(*) from fct_matches where explanation like '%of 5 that fit%'")
        == 3
    )


def test_20_recurring_amounts(company: Company) -> None:
    for n in range(24):
        if n != 11:
            assert partners(company, f"20.{n:03d}") == [[f"R-20{n:03d}"]]
    assert invoice(company, "R-20011")[3] == 149
