"""MT940 and MT942: signs, references, details and layouts of real banks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.ingest.bank import BankFileError


def message(*lines: str, account: str = "DE02120300000000202051", opening: str = "0,") -> str:
    return "\n".join(
        [":20:START", f":25:{account}", ":28C:12/1", f":60F:C240130EUR{opening}", *lines, "-", ""]
    )


def entry(line: str, *details: str) -> tuple[str, ...]:
    return (f":61:{line}", *details)


def test_a_statement(read):
    reading = read(
        message(*entry("2401310131C100,50NTRFCUST//BANK", ":86:thanks"), ":62F:C240131EUR100,50")
    )
    row = reading.row
    assert reading.format == "mt940"
    assert (row.account_id, row.statement_id) == ("DE02120300000000202051", "12/1")
    assert (row.booking_date, row.value_date) == (date(2024, 1, 31), date(2024, 1, 31))
    assert (row.amount, row.currency, row.bank_reference) == (Decimal("100.50"), "EUR", "BANK")
    assert (row.remittance_information, row.bank_transaction_code) == ("thanks", "NTRF")
    assert (row.entry_source, row.entry_status) == ("statement", None)
    control = reading.statement
    assert (control.opening_balance, control.closing_balance, control.ok) == (
        Decimal(0),
        Decimal("100.50"),
        True,
    )
    assert (control.from_date, control.to_date) == (date(2024, 1, 30), date(2024, 1, 31))


@pytest.mark.parametrize(
    ("mark", "sign", "is_reversal"),
    [
        ("C", 1, False),
        ("D", -1, False),
        ("CR", 1, False),  # R is the third letter of the currency, the funds code
        ("DR", -1, False),
        ("RC", -1, True),
        ("RD", 1, True),
        ("RCR", -1, True),
        ("RDR", 1, True),
    ],
)
def test_the_sign_of_credits_debits_and_their_reversals(read, mark, sign, is_reversal):
    row = read(message(*entry(f"240131{mark}7,25NTRFNONREF"))).row
    assert (row.amount, row.is_reversal) == (Decimal("7.25") * sign, is_reversal)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1,", "1"), ("1,5", "1.5"), ("0000012,30", "12.30"), ("1.5", "1.5"), (",05", "0.05")],
)
def test_amounts_with_comma_or_point(read, text, amount):
    assert read(message(*entry(f"240131C{text}NMSC"))).row.amount == Decimal(amount)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("CUST//BANK", "BANK"),
        ("NONREF//BANK", "BANK"),
        ("CUST//NONREF", "CUST"),
        ("CUST", "CUST"),
        ("NONREF", None),
        ("NONREF//", None),
        ("", None),
    ],
)
def test_the_reference_is_the_banks_else_the_customers(read, reference, expected):
    row = read(message(*entry(f"2401310131C1,NTRF{reference}"))).row
    assert row.bank_reference == row.entry_reference == expected


@pytest.mark.parametrize(
    ("value", "entry_day", "booked"),
    [
        ("231231", "0102", date(2024, 1, 2)),
        ("240102", "1231", date(2023, 12, 31)),
        ("240228", "0229", date(2024, 2, 29)),
        ("240131", "", date(2024, 1, 31)),
    ],
)
def test_the_year_of_the_entry_date_lies_nearest_to_the_value_date(read, value, entry_day, booked):
    row = read(message(*entry(f"{value}{entry_day}C1,NTRF"))).row
    assert row.booking_date == booked
    assert row.is_booking_date_assumed is (None if entry_day else True)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(read, ends):
    text = message(*entry("240131C1,NTRF", ":86:a", "b"), ":62F:C240131EUR1,")
    reading = read(text.replace("\n", ends))
    assert (reading.row.remittance_information, reading.statement.ok) == ("a b", True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_umlauts_of_every_common_encoding(read, encoding):
    text = message(*entry("240131C1,NTRF", ":86:Müller"))
    assert read(text.encode(encoding)).row.remittance_information == "Müller"


def test_a_swift_envelope_and_several_messages_on_one_line(read):
    body = message(*entry("240131C1,NTRF", ":86:x")).removesuffix("-\n")
    text = "".join(
        f"\x01{{1:F01BANKDEFF0000000000}}{{2:I940BANKDEFFXXXXN}}{{3:{{108:A}}}}{{4:\r\n{body}"
        "-}{5:{MAC:0}{CHK:1}}\x03"
        for _ in range(2)
    )
    reading = read(text)
    assert [row.remittance_information for row in reading.rows] == ["x", "x"]
    assert len(reading.statements) == 2


def test_several_accounts_and_header_lines_between_them(read):
    text = (
        message(*entry("240131C1,NTRF", ":86:one"), account="111")
        + "BANKNL2A\n940\nBANKNL2A\n"
        + message(*entry("240131D2,NTRF"), account="222")
    )
    reading = read(text)
    assert [(row.account_id, row.amount) for row in reading.rows] == [
        ("111", Decimal(1)),
        ("222", Decimal(-2)),
    ]
    assert reading.rows[0].remittance_information == "one"


@pytest.mark.parametrize(
    ("given", "account"),
    [
        ("de02 1203 0000 0000 2020 51", "DE02120300000000202051"),
        ("DE02120300000000202051EUR", "DE02120300000000202051"),
        ("BYLADEM1001/DE02120300000000202051", "DE02120300000000202051"),
        ("12030000/0000202051", "12030000/0000202051"),
        ("1291.99.348EUR", "1291.99.348EUR"),
    ],
)
def test_the_account_is_the_iban_else_as_given(read, given, account):
    assert read(message(*entry("240131C1,NTRF"), account=given)).row.account_id == account


# --- details ------------------------------------------------------------------------------------


def test_an_empty_field_86(read):
    assert read(message(*entry("240131C1,NTRF", ":86:"))).row.remittance_information is None


def test_several_fields_86_and_a_colon_inside(read):
    details = (":86:Invoice 1", ":KO:NR:4", ":86:and 2")
    row = read(message(*entry("240131C1,NTRF", *details))).row
    assert row.remittance_information == "Invoice 1 :KO:NR:4 and 2"


def test_field_86_of_the_statement_belongs_to_no_entry(read):
    reading = read(
        message(*entry("240131C1,NTRF", ":86:mine"), ":62F:C240131EUR1,", ":86:of the statement")
    )
    assert reading.row.remittance_information == "mine"


def test_numbered_subfields_with_sepa_labels(read):
    details = (
        ":86:166?00GUTSCHRIFT?109075?20EREF+E2E-0815-4711-ABCDEFGHI?21JK?22SVWZ+Rechnung 200",
        "1?23und 2002?30DEUTDEFF?31DE89370400440532013000?32ERIKA MUSTER UND SOEHNE GMB?33H & CO",
    )
    row = read(message(*entry("240131C1,NTRF", *details))).row
    assert row.end_to_end_id == "E2E-0815-4711-ABCDEFGHIJK"
    assert row.remittance_information == "Rechnung 2001 und 2002"
    assert (row.counterparty_name, row.counterparty_account) == (
        "ERIKA MUSTER UND SOEHNE GMBH & CO",
        "DE89370400440532013000",
    )
    assert row.bank_transaction_code == "NTRF+166"


def test_a_full_subfield_goes_on_without_a_space_but_never_into_a_label(read):
    details = (
        ":86:166?20SVWZ+INVOICE NUMBER 20240000?2142 PAID?22EREF+ABCDEFGHIJKLMNOPQRSTUV?23SVWZ+X"
    )
    row = read(message(*entry("240131C1,NTRF", details))).row
    assert row.remittance_information == "INVOICE NUMBER 2024000042 PAID X"
    assert row.end_to_end_id == "ABCDEFGHIJKLMNOPQRSTUV"


@pytest.mark.parametrize("mark", ["?", ">", "~", "<", "^"])
def test_other_marks_of_subfields(read, mark):
    details = ":86:051?20Invoice 7?31123456?32ACME".replace("?", mark)
    row = read(message(*entry("240131C1,NTRF", details))).row
    assert (row.remittance_information, row.counterparty_account) == ("Invoice 7", "123456")
    assert row.counterparty_name == "ACME"


def test_a_mark_inside_a_text_is_text(read):
    row = read(message(*entry("240131C1,NTRF", ":86:166?20Why??21Because?x"))).row
    assert row.remittance_information == "Why? Because?x"


def test_a_return_of_a_direct_debit_with_charges(read):
    lines = (
        "2406080608D12,35NRTIKREF+//BANK",
        "/OCMT/EUR11,85//CHGS/EUR0,50/",
        ":86:109?00RETOURE?20EREF+A1?21SVWZ+KONTO ERLOSCHEN?31DE89370400440532013000?34901",
    )
    row = read(message(*entry(*lines))).row
    assert (row.amount, row.charges_amount) == (Decimal("-12.35"), Decimal("-0.50"))
    assert (row.is_reversal, row.return_reason) == (True, "901")
    assert (row.original_amount, row.original_currency) == (None, None)


def test_the_original_amount_of_another_currency(read):
    row = read(message(*entry("240131C100,NTRFX", "/OCMT/USD108,50//CHGS/EUR2,/"))).row
    assert (row.original_amount, row.original_currency) == (Decimal("108.50"), "USD")
    assert (row.charges_amount, row.remittance_information) == (None, None)


@pytest.mark.parametrize(
    ("amount", "charges"), [("D12,35", Decimal("-0.50")), ("D12,30", None), ("D11,85", None)]
)
def test_charges_are_part_of_an_amount_that_is_the_original_and_them(read, amount, charges):
    details = ":86:109?00RETOURE?20EREF+A1?21OAMT+11,85?22COAM+0,50?23SVWZ+X"
    row = read(message(*entry(f"240608{amount}NRTIKREF+//BANK", details))).row
    assert (row.charges_amount, row.original_amount) == (charges, None)


def test_slashed_details_of_dutch_banks(read):
    details = (
        ":86:/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/J",
        "ANSEN BV/REMI/Factuur 12/EREF/NOTPROVIDED",
    )
    row = read(message(*entry("240131C1,NTRF", *details))).row
    assert (row.counterparty_name, row.counterparty_account) == ("JANSEN BV", "NL91ABNA0417164300")
    assert (row.remittance_information, row.end_to_end_id) == ("Factuur 12", None)


def test_slashed_details_with_a_counterparty_group_and_return(read):
    details = (
        ":86:/RTRN/MS03//EREF/E9//CNTP/NL91ABNA0417164300/ABNANL2A/J JANSEN//REMI/USTD//late rent/"
    )
    row = read(message(*entry("240131C1,NTRF", details))).row
    assert (row.counterparty_account, row.counterparty_name) == ("NL91ABNA0417164300", "J JANSEN")
    assert (row.remittance_information, row.end_to_end_id) == ("late rent", "E9")
    assert (row.is_reversal, row.return_reason) == (True, "MS03")


def test_a_structured_reference_of_slashed_details(read):
    row = read(message(*entry("240131C1,NTRF", ":86:/REMI/STRD/CUR/9876543210123456/"))).row
    assert (row.structured_reference, row.remittance_information) == ("9876543210123456", None)


def test_the_supplement_of_an_entry_is_the_account_or_text(read):
    rows = read(
        message(
            *entry("240131C1,NTRFEREF", "NL70ABNA0987654321", ":86:/REMI/a"),
            *entry("240131C2,NTRFX", "SAVINGS PLAN", ":86:b"),
        )
    ).rows
    assert rows[0].counterparty_account == "NL70ABNA0987654321"
    assert rows[1].remittance_information == "b SAVINGS PLAN"


def test_a_padded_reference_with_a_name_behind(read):
    line = "240131D44,95N0600733959555      T-MOBILE BV         "
    row = read(message(*entry(line))).row
    assert (row.bank_reference, row.counterparty_name) == ("0733959555", "T-MOBILE BV")
    assert row.bank_transaction_code == "N060"


def test_twins_under_a_customers_reference_are_two_items(read):
    same = entry("240131C9,90NTRFABO", ":86:subscription")
    rows = read(message(*same, *same)).rows
    assert [row.bank_reference for row in rows] == ["ABO", "ABO"]


# --- interim reports, rejects, control totals ---------------------------------------------------


def test_an_interim_report_is_a_notification_that_books_nothing(read):
    text = (
        ":20:X\n:25:123\n:28C:1/1\n:34F:EUR0,\n:13D:2401311815+0100\n"
        ":61:2401310131C5,NTRFR1\n:61:2401310131D2,NTRFR2\n:90D:1EUR2,\n:90C:1EUR5,\n-\n"
    )
    reading = read(text)
    assert reading.format == "mt942"
    assert [row.currency for row in reading.rows] == ["EUR", "EUR"]
    assert {(row.entry_source, row.entry_status) for row in reading.rows} == {
        ("notification", "PDNG")
    }
    assert reading.statement.ok is True


def test_wrong_sums_of_an_interim_report_are_told(read):
    text = ":20:X\n:25:1\n:28C:1\n:34F:EUR0,\n:61:240131C5,NTRF\n:90C:1EUR6,\n"
    assert read(text).statement.ok is False


def test_without_opening_balance_the_closing_one_gives_the_currency(read):
    text = ":20:X\n:25:1\n:61:240131C5,NTRFA\n:61:240131C6,NTRFB\n:62F:C240131CHF11,\n"
    reading = read(text)
    assert [row.currency for row in reading.rows] == ["CHF", "CHF"]
    assert reading.statement.ok is None


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("240131X1,NTRF", "amount"),
        ("no entry at all", "amount"),
        ("241331C1,NTRF", "value_date"),
        ("2401310230C1,NTRF", "booking_date"),
        ("240131C1,2,3NTRF", "amount"),
    ],
)
def test_a_malformed_entry_is_rejected_and_the_others_load(read, line, column):
    if line == "2401310230C1,NTRF":
        column = "booking_date"
    reading = read(message(*entry(line), *entry("240131C1,NTRFOK"), ":62F:C240131EUR1,"))
    (reject,) = reading.rejects
    assert (reject.ordinal, reject.column) == (1, column)
    assert reading.row.bank_reference == "OK"
    assert reading.statement.ok is False


def test_a_malformed_entry_keeps_the_key_that_was_read(read):
    reading = read(message(*entry("241331C1,NTRFREF"), *entry("240131C1,NTRFOK")))
    (reject,) = reading.rejects
    assert (reject.account_id, reject.bank_reference) == (reading.row.account_id, "REF")


def test_entries_without_account_or_currency_are_rejected(read):
    assert [r.column for r in read(":61:240131C1,NTRF\n-\n").rejects] == ["account_id"]
    assert [r.column for r in read(":25:1\n:61:240131C1,NTRF\n-\n").rejects] == ["currency"]


def test_an_unreadable_balance_is_a_reject_of_its_own(read):
    reading = read(message(*entry("240131C1,NTRF"), ":62F:Dnull7414,3"))
    assert [reject.column for reject in reading.rejects] == ["closing_balance"]
    assert (len(reading.rows), reading.statement.ok) == (1, None)


def test_a_difference_is_told(read):
    assert read(message(*entry("240131C1,NTRF"), ":62F:C240131EUR2,")).statement.ok is False


def test_fragments_are_no_statement(read):
    with pytest.raises(BankFileError, match="only fragments"):
        read(":20:D140902049\n")
