"""From a delivered file to the feed's file: what is proposed, asked, read, and told of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from imports_desk import Desk

from orchestration.home import TieoutError
from orchestration.imports.reading import refuse

INVOICES = """Invoice No,Customer No,Invoice Date,Due Date,Amount,Currency,Status
1001,C-1,13/05/2026,12/06/2026,"1,200.00",EUR,Sent
1002,C-2,14/05/2026,13/06/2026,450.50,EUR,Paid
1003,C-1,15/05/2026,14/06/2026,(200.00),EUR,Sent
Total,,,,"1,450.50",,
"""
BANK = """IBAN;DE02120300000000202051

Buchungstag;Wertstellung;Auftraggeber/Empfänger;Verwendungszweck;Betrag;Währung
13.06.2026;13.06.2026;Müller GmbH;Rechnung 1001;1.200,00;EUR
14.06.2026;14.06.2026;Bank;Gebühr;-5,90;EUR
"""


def test_invoices_become_the_feeds_columns(desk: Desk) -> None:
    found, _, rows = desk.read(desk.look("sales.csv", INVOICES))
    assert found.feed == "billing_invoices"
    assert [(r["invoice_id"], r["document_type"], r["issued_at"]) for r in rows] == [
        ("1001", "invoice", "2026-05-13"),
        ("1002", "invoice", "2026-05-14"),
        ("1003", "credit_memo", "2026-05-15"),
    ]
    assert [row["total_amount"] for row in rows] == ["1200.00", "450.50", "200.00"]
    assert [row["status"] for row in rows] == ["open", "open", "open"]
    assert [row["original_line"] for row in rows] == ["2", "3", "4"]


def test_a_line_of_totals_is_left_out_and_held_against_the_rows(desk: Desk) -> None:
    _, reading, _ = desk.read(desk.look("sales.csv", INVOICES))
    assert (reading.rows, reading.taken, reading.bad) == (4, 3, 0)
    assert dict(reading.left_out) == {"a line of totals": 1}
    assert reading.stated[0].agrees is True
    assert [(t.currency, t.rows, t.amount) for t in reading.totals] == [
        ("EUR", 3, Decimal("1450.50"))
    ]
    _, wrong, _ = desk.read(desk.look("sales.csv", INVOICES.replace("1,450.50", "1,450.51")))
    assert wrong.stated[0].agrees is False


def test_a_customer_called_total_is_no_line_of_totals(desk: Desk) -> None:
    text = (
        "Customer,Invoice No,Invoice Date,Amount,Currency\n"
        "Total Energies,1,2026-06-01,oops,EUR\nAcme,2,2026-06-01,5.00,EUR\nTotal,,,5.00,\n"
    )
    _, reading, _ = desk.read(desk.look("sales.csv", text))
    assert (reading.taken, reading.bad) == (2, 1)
    assert dict(reading.left_out) == {"a line of totals": 1}


def test_a_german_bank_export_takes_its_account_from_above_the_header(desk: Desk) -> None:
    found, reading, rows = desk.read(desk.look("konto.csv", BANK))
    assert found.feed == "bank_transactions"
    assert {row["account_id"] for row in rows} == {"DE02120300000000202051"}
    assert [row["amount"] for row in rows] == ["1200.00", "-5.90"]
    assert (reading.first_day, reading.last_day) == ("2026-06-13", "2026-06-14")


def test_a_file_with_the_feeds_own_columns_is_read_as_it_is(desk: Desk) -> None:
    text = (
        "account_id,entry_id,booking_date,amount,currency\n"
        "A,1,2026-06-01,1.50,EUR\nB,2,2026-06-02,-2.50,USD\n"
    )
    found, _, rows = desk.read(desk.look("x.csv", text))
    assert found.feed == "bank_transactions"
    assert [(r["account_id"], r["entry_id"], r["amount"]) for r in rows] == [
        ("A", "1", "1.50"),
        ("B", "2", "-2.50"),
    ]


def test_ids_come_from_content_and_not_from_the_place_in_the_file(desk: Desk) -> None:
    lines = BANK.splitlines()
    twin = "\n".join([*lines, lines[3]])
    _, _, first = desk.read(desk.look("konto.csv", BANK))
    _, _, later = desk.read(desk.look("konto.csv", "\n".join([*lines[:3], lines[4], lines[3]])))
    assert {r["entry_id"] for r in first} == {r["entry_id"] for r in later}
    _, _, twins = desk.read(desk.look("konto.csv", twin))
    assert len({r["entry_id"] for r in twins}) == 3
    assert {r["entry_id"] for r in first} < {r["entry_id"] for r in twins}


def test_ids_are_those_that_the_contract_gives_a_bank_file(desk: Desk) -> None:
    import hashlib

    _, _, rows = desk.read(desk.look("konto.csv", BANK))
    content = ["DE02120300000000202051", "2026-06-14", "2026-06-14", "-5.90", "EUR", "Bank", "",
               "Gebühr", "", ""]  # fmt: skip
    digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:16]
    assert rows[1]["entry_id"] == f"h{digest}-1"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Date,Description,Amount\n01/02/2026,a,1.50\n03/04/2026,b,2.50\n",
         {"dates", "set:currency", "set:account_id"}),
        ("Buchungstag;Verwendungszweck;Betrag EUR;Auftragskonto\n31.01.2026;a;1.234;DE1\n",
         {"numbers"}),
        ("Booking Date,Description,Amount\n2026-01-31,a,$1.50\n",
         {"set:currency", "set:account_id"}),
    ],
)  # fmt: skip
def test_what_the_file_leaves_open_is_asked_and_never_guessed(
    desk: Desk, text: str, keys: set[str]
) -> None:
    offer = desk.look("bank.csv", text)
    assert {question.key for question in offer.questions} == keys
    assert not offer.is_ready


def test_answers_are_what_is_read(desk: Desk) -> None:
    text = "Date,Description,Money In,Money Out\n01/02/2026,a,1.50,\n03/04/2026,b,,2.50\n"
    said = {"dates": "month first", "set__currency": "GBP", "set__account_id": "12345678"}
    _, _, rows = desk.read(desk.look("bank.csv", text, **said))
    assert [r["booking_date"] for r in rows] == ["2026-01-02", "2026-03-04"]
    assert [r["amount"] for r in rows] == ["1.50", "-2.50"]
    assert {(r["account_id"], r["currency"]) for r in rows} == {("12345678", "GBP")}


def test_a_date_that_is_open_follows_one_of_its_file_that_is_not(desk: Desk) -> None:
    text = INVOICES.replace("13/05/2026", "03/05/2026").replace("14/05/2026", "04/05/2026")
    text = text.replace("15/05/2026", "05/05/2026")
    offer = desk.look("sales.csv", text)
    _, _, rows = desk.read(offer)
    assert rows[0]["issued_at"] == "2026-05-03"
    assert any("'Due Date' shows" in note for note in offer.proposals[0].notes)


def test_amounts_of_two_columns_of_one_side_column_and_of_a_suffix(desk: Desk) -> None:
    side = (
        "Booking Date,Text,Amount EUR,S/H,Konto\n2026-01-31,a,1.50,H,77\n2026-01-31,b,2.50,S,77\n"
    )
    _, _, rows = desk.read(desk.look("bank.csv", side, set__account_id="1"))
    assert [row["amount"] for row in rows] == ["1.50", "-2.50"]
    suffix = "Booking Date,Narrative,Amount GBP\n2026-01-31,a,1.50 CR\n2026-01-31,b,2.50 DR\n"
    _, _, rows = desk.read(desk.look("bank.csv", suffix, set__account_id="1"))
    assert [row["amount"] for row in rows] == ["1.50", "-2.50"]


def test_a_value_that_cannot_be_read_is_told_and_never_becomes_another(desk: Desk) -> None:
    text = INVOICES.replace("450.50,EUR", '"450,50",EUR').replace("14/05/2026", "31/02/2026")
    assert [q.key for q in desk.look("sales.csv", text).questions] == ["numbers"]
    _, reading, rows = desk.read(desk.look("sales.csv", text, numbers="1,234.56"))
    assert (reading.taken, reading.bad) == (3, 1)
    assert [(p.line, p.column, p.value) for p in reading.problems] == [
        (3, "Invoice Date", "31/02/2026"),
        (3, "Amount", "450,50"),
    ]
    assert rows[1]["total_amount"] == "450,50 (not readable)"
    assert reading.totals[0].amount == Decimal("1000.00")


def test_what_the_contract_refuses_is_told_with_the_files_own_line(desk: Desk) -> None:
    text = INVOICES.replace("450.50,EUR", "450.505,EUR").replace("1002,C-2", "1002,")
    _, reading, _ = desk.read(desk.look("sales.csv", text))
    assert reading.bad == 1
    (problem,) = reading.problems
    assert problem.line == 3
    assert "customer_id is empty" in problem.reason
    assert reading.totals[0].amount == Decimal("1000.00")


def test_an_id_with_two_contents_stops_the_file(desk: Desk) -> None:
    text = INVOICES.replace("1002,C-2", "1001,C-2")
    _, reading, _ = desk.read(desk.look("sales.csv", text))
    with pytest.raises(TieoutError, match="'1001' in lines 2, 3"):
        refuse(reading)


def test_an_invoice_below_zero_is_no_invoice(desk: Desk) -> None:
    text = INVOICES.replace("Status", "Type").replace("Sent", "Invoice").replace("Paid", "Invoice")
    _, reading, _ = desk.read(desk.look("sales.csv", text))
    assert [(p.line, p.reason[:11]) for p in reading.problems] == [(4, "is negative")]


def test_refunds_without_a_minus_are_taken_off_by_their_type(desk: Desk) -> None:
    text = (
        "Payment ID,Type,Created,Amount,Fee,Currency,Status\n"
        "p1,charge,2026-01-31,100.00,3.00,EUR,succeeded\n"
        "p2,refund,2026-01-31,40.00,0.00,EUR,succeeded\n"
    )
    _, _, rows = desk.read(desk.look("payments.csv", text, set__gateway="mypay"))
    assert [(r["type"], r["amount"], r["net_amount"]) for r in rows] == [
        ("charge", "100.00", "97.00"),
        ("refund", "-40.00", "-40.00"),
    ]


def test_a_status_that_nobody_knows_is_asked(desk: Desk) -> None:
    offer = desk.look("sales.csv", INVOICES.replace("Sent", "Gesperrt"))
    (question,) = offer.questions
    assert question.key == "value:status:gesperrt"
    assert [value for value, _ in question.choices] == ["draft", "open", "void"]


def test_a_file_that_could_be_several_things_is_asked(desk: Desk) -> None:
    offer = desk.look("x.csv", "Foo,Bar\n1,2\n3,4\n")
    assert [question.key for question in offer.questions] == ["feed"]


@pytest.mark.parametrize(
    ("header", "feed"),
    [
        (
            "Numéro de facture;Code client;Date de facture;Échéance;Montant TTC;Devise",
            "billing_invoices",
        ),
        (
            "Número de factura;Cliente;Fecha de factura;Vencimiento;Importe total;Moneda",
            "billing_invoices",
        ),
        (
            "Rechnungsnr.;Kundennr.;Rechnungsdatum;Fällig am;Bruttobetrag;Währung",
            "billing_invoices",
        ),
    ],
)
def test_invoices_are_told_in_four_languages(desk: Desk, header: str, feed: str) -> None:
    row = "F-1;C-1;13/01/2026;12/02/2026;1.200,00;EUR\n"
    found, _, rows = desk.read(desk.look("x.csv", f"{header}\n{row}"))
    assert found.feed == feed
    assert rows[0]["total_amount"] == "1200.00"
    assert (rows[0]["issued_at"], rows[0]["due_date"]) == ("2026-01-13", "2026-02-12")


@pytest.mark.parametrize(
    "text",
    [
        "Date opération;Date valeur;Libellé;Débit;Crédit\n13/01/2026;13/01/2026;VIR F-1;;1 200,00\n"
        "14/01/2026;14/01/2026;FRAIS;5,90;\n",
        "Fecha operación;Fecha valor;Concepto;Cargo;Abono\n13/01/2026;13/01/2026;F-1;;1.200,00\n"
        "14/01/2026;14/01/2026;COMISIÓN;5,90;\n",
        "Buchungstag;Valuta;Verwendungszweck;Soll;Haben\n13.01.2026;13.01.2026;F-1;;1.200,00\n"
        "14.01.2026;14.01.2026;Gebühr;5,90;\n",
    ],
)
def test_bank_lines_are_told_in_three_more_languages(desk: Desk, text: str) -> None:
    said = {"set__currency": "EUR", "set__account_id": "FR1"}
    found, _, rows = desk.read(desk.look("x.csv", text, **said))
    assert found.feed == "bank_transactions"
    assert [row["amount"] for row in rows] == ["1200.00", "-5.90"]
