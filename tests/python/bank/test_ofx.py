"""OFX 1 and 2: tolerant tags, several accounts, dates, amounts and currencies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.ingest.bank import BankFileError

SGML = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:{encoding}\nCHARSET:{charset}\n\n"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
ENTRY = {"TRNTYPE": "DEBIT", "DTPOSTED": "20240131", "TRNAMT": "-12.50", "FITID": "F1"}


def transaction(**values: str) -> str:
    """A transaction without closing tags, as OFX 1 has it."""
    tags = "".join(f"<{tag}>{value}" for tag, value in {**ENTRY, **values}.items() if value)
    return f"<STMTTRN>{tags}</STMTTRN>"


def ofx1(
    *transactions: str,
    encoding: str = "USASCII",
    charset: str = "1252",
    balance: str = "<LEDGERBAL><BALAMT>100.00<DTASOF>20240131</LEDGERBAL>",
    currency: str = "EUR",
) -> str:
    return (
        SGML.format(encoding=encoding, charset=charset)
        + "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS>"
        "</SIGNONMSGSRSV1><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        f"<CURDEF>{currency}<BANKACCTFROM><BANKID>1<ACCTID>12 34<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST><DTSTART>20240101<DTEND>20240131{''.join(transactions)}</BANKTRANLIST>"
        f"{balance}</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def test_sgml_without_closing_tags_or_line_ends(read):
    reading = read(ofx1(transaction(NAME="Corner Shop", MEMO="coffee")))
    row = reading.row
    assert reading.format == "ofx1"
    assert (row.account_id, row.bank_reference) == ("1234", "F1")
    assert (row.booking_date, row.amount, row.currency) == (
        date(2024, 1, 31),
        Decimal("-12.50"),
        "EUR",
    )
    assert (row.counterparty_name, row.remittance_information) == ("Corner Shop", "coffee")
    assert (row.bank_transaction_code, row.entry_source) == ("DEBIT", "statement")
    control = reading.statement
    assert (control.opening_balance, control.closing_balance, control.ok) == (
        None,
        Decimal("100.00"),
        None,
    )
    assert (control.from_date, control.to_date) == (date(2024, 1, 1), date(2024, 1, 31))


def test_unclosed_transactions_end_at_the_next(read):
    text = ofx1(transaction(), transaction(FITID="F2", NAME="Two")).replace("</STMTTRN>", "")
    assert [(r.bank_reference, r.counterparty_name) for r in read(text).rows] == [
        ("F1", None),
        ("F2", "Two"),
    ]


def test_xml_with_closing_tags_cdata_and_comments(read):
    text = (
        XML + "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>AUD</CURDEF><BANKACCTFROM>"
        "<ACCTID>7</ACCTID></BANKACCTFROM><BANKTRANLIST>\n <STMTTRN>\n<DTPOSTED>20240131</DTPOSTED>"
        "<TRNAMT>5</TRNAMT><!-- <TRNAMT>6</TRNAMT> --><FITID>1</FITID><EMPTY/>"
        "<NAME><![CDATA[A <B> & C  ]]></NAME><MEMO>x &lt; y &amp; &#65;&#x42; &eacute;</MEMO>"
        "</STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
    reading = read(text)
    assert reading.format == "ofx2"
    assert (reading.row.amount, reading.row.counterparty_name) == (Decimal(5), "A <B> & C")
    assert reading.row.remittance_information == "x < y & AB &eacute;"


def test_a_less_than_sign_inside_a_text(read):
    assert read(ofx1(transaction(MEMO="1 < 2"))).row.remittance_information == "1 < 2"


def test_a_file_without_header(read):
    text = ofx1(transaction())
    assert read(text[text.index("<OFX>") :]).format == "ofx1"


def test_bank_card_and_investment_accounts_in_one_file(read):
    def part(kind: str, account: str, body: str) -> str:
        return f"<{kind}><CURDEF>USD<{account}><ACCTID>{kind}</{account}>{body}</{kind}>"

    text = (
        SGML.format(encoding="USASCII", charset="1252")
        + "<OFX>"
        + part("STMTRS", "BANKACCTFROM", f"<BANKTRANLIST>{transaction()}</BANKTRANLIST>")
        + part("CCSTMTRS", "CCACCTFROM", f"<BANKTRANLIST>{transaction(TRNAMT='3')}</BANKTRANLIST>")
        + part(
            "INVSTMTRS",
            "INVACCTFROM",
            "<INVTRANLIST><BUYSTOCK><INVBUY><INVTRAN><FITID>B<DTTRADE>20240101</INVTRAN>"
            f"<TOTAL>-9</INVBUY></BUYSTOCK><INVBANKTRAN>{transaction(TRNAMT='4')}"
            "<SUBACCTFUND>CASH</INVBANKTRAN></INVTRANLIST>",
        )
        + "</OFX>"
    )
    reading = read(text)
    assert [(row.account_id, row.amount) for row in reading.rows] == [
        ("STMTRS", Decimal("-12.50")),
        ("CCSTMTRS", Decimal("3")),
        ("INVSTMTRS", Decimal("4")),
    ]
    assert len(reading.statements) == 3


@pytest.mark.parametrize(
    "text",
    [
        "20240131",
        "20240131120000",
        "20240131233000.000[-5:EST]",
        "20240131003000[+10:AEST]",
        "20240131093914:014",
        "20240131[0:GMT]",
    ],
)
def test_a_date_is_as_stated_whatever_its_offset(read, text):
    assert read(ofx1(transaction(DTPOSTED=text))).row.booking_date == date(2024, 1, 31)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("+1", "1"),
        ("-1,5", "-1.5"),
        ("1.234,56", "1234.56"),
        ("-1,234.56", "-1234.56"),
        ("1,234,567", "1234567"),
        ("1,234", "1.234"),
        (".5", "0.5"),
    ],
)
def test_amounts_with_comma_or_point(read, text, amount):
    assert read(ofx1(transaction(TRNAMT=text))).row.amount == Decimal(amount)


def test_payee_check_number_and_other_account(read):
    extra = "<PAYEE><NAME>Landlord<CITY>X</PAYEE><BANKACCTTO><BANKID>9<ACCTID>99 8</BANKACCTTO>"
    row = read(ofx1(transaction(CHECKNUM="319").replace("</STMTTRN>", extra + "</STMTTRN>"))).row
    assert (row.counterparty_name, row.counterparty_account) == ("Landlord", "998")
    assert row.remittance_information == "CHECKNUM 319"


def test_a_currency_of_its_own_and_an_original_one(read):
    own = transaction().replace(
        "</STMTTRN>", "<CURRENCY><CURRATE>1.1<CURSYM>USD</CURRENCY></STMTTRN>"
    )
    original = transaction().replace(
        "</STMTTRN>", "<ORIGCURRENCY><CURRATE>0.5<CURSYM>USD</ORIGCURRENCY></STMTTRN>"
    )
    rows = read(ofx1(own, original)).rows
    assert [(row.amount, row.currency) for row in rows] == [
        (Decimal("-12.50"), "USD"),
        (Decimal("-12.50"), "EUR"),
    ]
    assert (rows[1].original_amount, rows[1].original_currency) == (Decimal("25.00"), "USD")
    assert rows[0].original_currency is None


@pytest.mark.parametrize(
    ("encoding", "charset", "written"),
    [
        ("USASCII", "1252", "cp1252"),
        ("USASCII", "ISO-8859-1", "latin-1"),
        ("UTF-8", "NONE", "utf-8"),
        ("UTF-8", "NONE", "cp1252"),
        ("USASCII", "NONE", "utf-8"),
        ("USASCII", "no-such-charset", "cp1252"),
        ("UNICODE", "NONE", "utf-16"),
    ],
)
def test_the_charset_is_the_headers_and_else_found_out(read, encoding, charset, written):
    text = ofx1(transaction(MEMO="Café"), encoding=encoding, charset=charset)
    assert read(text.encode(written)).row.remittance_information == "Café"


def test_a_character_at_the_border_of_two_reads(read):
    text = ofx1(*(transaction(MEMO="é" * 50, FITID=str(n)) for n in range(3000)), encoding="UTF-8")
    rows = read(text).rows
    assert len(rows) == 3000
    assert {row.remittance_information for row in rows} == {"é" * 50}


def test_a_pending_transaction_is_not_booked(read):
    text = ofx1(transaction(DTTRAN="20240130")).replace("STMTTRN>", "STMTTRNP>")
    row = read(text).row
    assert (row.entry_status, row.booking_date) == ("PDNG", date(2024, 1, 30))


def test_a_correction_and_a_deletion_are_rejects_with_ids_of_their_own(read):
    replaced = transaction(FITID="F9", CORRECTFITID="F1", CORRECTACTION="REPLACE")
    deleted = transaction(FITID="F8", CORRECTFITID="F2", CORRECTACTION="DELETE")
    reading = read(ofx1(transaction(), replaced, deleted))
    assert reading.row.bank_reference == "F1"
    assert [(r.column, r.value, r.account_id, r.bank_reference) for r in reading.rejects] == [
        ("entry_id", "F1", "1234", "F9"),
        ("entry_id", "F2", "1234", "F8"),
    ]
    assert "entry_id 'F1'" in reading.rejects[0].reason


@pytest.mark.parametrize(
    ("values", "column", "value"),
    [
        ({"TRNAMT": "$120"}, "amount", "$120"),
        ({"TRNAMT": ""}, "amount", None),
        ({"DTPOSTED": "20240231"}, "booking_date", "20240231"),
        ({"DTPOSTED": ""}, "booking_date", None),
    ],
)
def test_a_malformed_transaction_is_rejected_and_the_others_load(read, values, column, value):
    reading = read(ofx1(transaction(**values), transaction(FITID="OK")))
    (reject,) = reading.rejects
    assert (reject.ordinal, reject.column, reject.value) == (1, column, value)
    assert (reject.account_id, reject.bank_reference) == ("1234", "F1")
    assert reading.row.bank_reference == "OK"


def test_a_missing_account_or_currency_rejects_the_transactions(read):
    assert read(ofx1(transaction()).replace("<ACCTID>12 34", "")).rejects[0].column == "account_id"
    assert read(ofx1(transaction(), currency="")).rejects[0].column == "currency"


def test_a_balance_without_amount_is_a_reject_and_an_absent_one_is_none(read):
    empty = read(ofx1(transaction(), balance="<LEDGERBAL><BALAMT> <DTASOF>20240131</LEDGERBAL>"))
    assert [reject.column for reject in empty.rejects] == ["closing_balance"]
    assert len(empty.rows) == 1
    for balance in ("", "<LEDGERBAL><BALAMT></BALAMT><DTASOF></DTASOF></LEDGERBAL>"):
        reading = read(ofx1(transaction(), balance=balance))
        assert (reading.rejects, reading.statement.closing_balance) == ([], None)


def test_a_refusal_of_the_bank_is_the_reason(read):
    text = (
        SGML.format(encoding="USASCII", charset="1252")
        + "<OFX><STMTTRNRS><STATUS><CODE>2000<SEVERITY>ERROR<MESSAGE>General error</STATUS>"
        "</STMTTRNRS></OFX>"
    )
    with pytest.raises(BankFileError, match="2000 General error"):
        read(text)
    both = text.replace("</OFX>", ofx1(transaction()).partition("</SIGNONMSGSRSV1>")[2])
    reading = read(both)
    assert (len(reading.rows), reading.rejects[0].value) == (1, "2000 General error")


def test_a_file_without_statement_is_refused(read):
    with pytest.raises(BankFileError, match="no statement"):
        read(SGML.format(encoding="USASCII", charset="1252") + "<OFX></OFX>")
