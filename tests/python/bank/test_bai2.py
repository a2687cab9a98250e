"""BAI2: records and their continuations, funds types, signs, control totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.ingest.bank import BankFileError
from orchestration.ingest.bank.bai2 import direction


def file(
    *account: str,
    currency: str = "USD",
    status: str = "1",
    modifier: str = "2",
    day: str = "240131",
    totals: tuple[str, str, str] | None = None,
) -> str:
    """A file of one group and account whose trailers are right, unless ``totals`` are given."""
    lines = [f"03,0012 345,{currency},010,100000,,/", *account]
    amounts = [100000]
    for line in lines[1:]:
        fields = line.rstrip("/").split(",")
        if fields[0] == "16" and len(fields) > 3 and fields[2].isdigit():
            amounts.append(int(fields[2]))
        if fields[0] == "88" and fields[1] == "015":
            amounts.append(int(fields[2]))
    total, count = sum(amounts), len(lines)
    account_trailer, group_trailer, file_trailer = totals or (
        f"{total},{count + 1}",
        f"{total},1,{count + 3}",
        f"{total},1,{count + 5}",
    )
    return "\n".join(
        [
            "01,BANK,US,240201,0600,1,80,,2/",
            f"02,US,BANK,{status},{day},2400,USD,{modifier}/",
            *lines,
            f"49,{account_trailer}/",
            f"98,{group_trailer}/",
            f"99,{file_trailer}/",
            "",
        ]
    )


def test_a_transaction(read):
    reading = read(file("16,195,12345,V,240130,1200,BANK1,CUST1,WIRE, ONE/TWO/", "88,from ACME/"))
    row = reading.row
    assert reading.format == "bai2"
    assert (row.account_id, row.amount, row.currency) == ("0012345", Decimal("123.45"), "USD")
    assert (row.booking_date, row.value_date) == (date(2024, 1, 31), date(2024, 1, 30))
    assert (row.bank_reference, row.end_to_end_id) == ("BANK1", "CUST1")
    assert (row.remittance_information, row.bank_transaction_code) == (
        "WIRE, ONE/TWO from ACME",
        "195",
    )
    assert (row.entry_source, row.entry_status) == ("statement", None)
    assert reading.statement.ok is True


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("100", 1),
        ("399", 1),
        ("400", -1),
        ("699", -1),
        ("720", 1),
        ("760", -1),
        ("920", 1),
        ("960", -1),
        ("999", -1),
        ("040", None),
        ("700", None),
        ("900", None),
        ("1", None),
        ("abc", None),
    ],
)
def test_the_direction_of_type_codes(code, sign):
    assert direction(code) == sign


@pytest.mark.parametrize(
    ("funds", "value_date"),
    [
        ("", None),
        ("0", date(2024, 1, 31)),
        ("1", None),
        ("2", None),
        ("Z", None),
        ("V,240129,", date(2024, 1, 29)),
        ("v,240129,0930", date(2024, 1, 29)),
        ("S,5,3,2", None),
        ("D,3,0,5,1,3,2,2", None),
    ],
)
def test_funds_types_bring_their_own_fields(read, funds, value_date):
    row = read(file(f"16,475,10,{funds},REF,CUST,TEXT/")).row
    assert (row.amount, row.value_date) == (Decimal("-0.10"), value_date)
    assert (row.bank_reference, row.end_to_end_id) == ("REF", "CUST")
    assert row.remittance_information == "TEXT"


def test_the_fields_of_a_funds_type_go_on_in_the_next_line(read):
    row = read(file("16,115,500,D,2,0,200/", "88,1,300,REF,CUST,LOCKBOX/", "88,MORE/")).row
    assert (row.bank_reference, row.end_to_end_id) == ("REF", "CUST")
    assert row.remittance_information == "LOCKBOX MORE"


def test_a_text_that_stands_alone_in_continuations(read):
    row = read(
        file("16,475,100,,/", "88,CHECK PAID/", "88,EREF: 4711", "88,CRNM: ACME", "88,CACT: 9")
    ).row
    assert row.remittance_information == "CHECK PAID EREF: 4711 CRNM: ACME CACT: 9"
    assert (row.end_to_end_id, row.counterparty_name) == ("4711", "ACME")
    assert (row.counterparty_account, row.bank_reference) == ("9", None)


def test_a_text_cut_at_the_full_width_of_a_record_goes_on_without_a_space(read):
    full = ("88,TRANSFER " + "X" * 80)[:76] + "INVO"
    row = read(file("16,475,100,,/", full, "88,ICE 7")).row
    assert row.remittance_information is not None
    assert row.remittance_information.endswith("XINVOICE 7")


@pytest.mark.parametrize(
    "text",
    [
        "INVOICE 7 PART 1/ 16,000.00 USD",
        "PART 1/ 16,250.00 AND 2/ 49,90 EUR",
        "BILL 3/ 88,50 EUR",
        "BILLS 1/ 98,00 2/ 99,00",
        "SHELF 4/ 02,1 AND 4/ 03,1",
    ],
)
def test_a_text_may_look_like_a_record(read, text):
    lines = [f"16,195,12345,Z,B1,,{text}/", "16,195,500,Z,B2,,NEXT/"]
    reading = read(file(*lines))
    assert [row.remittance_information for row in reading.rows] == [text, "NEXT"]
    assert (reading.rejects, reading.statement.ok) == ([], True)


@pytest.mark.parametrize("text", ["16,000.00 USD", "49,90 EUR", "98,00 THANKS", "02,1 PIECES"])
def test_a_text_broken_by_a_line_end_may_go_on_like_a_record(read, text):
    lines = ["16,195,12345,Z,B1,,WIRE OF", f"{text}/", "16,195,500,Z,B2,,NEXT/"]
    reading = read(file(*lines, totals=("112845,4", "112845,1,6", "112845,1,8")))
    assert [row.remittance_information for row in reading.rows] == [f"WIRE OF {text}", "NEXT"]
    assert reading.rejects == []


@pytest.mark.parametrize("line", ["16,195,12.50,Z,B2,,X/", "16,XYZ,1250,Z,B2,,X/", "16,195,,Z,,,/"])
def test_a_malformed_transaction_behind_a_text_is_rejected_and_no_text(read, line):
    reading = read(file("16,195,12345,Z,B1,,FIRST/", line))
    assert [row.remittance_information for row in reading.rows] == ["FIRST"]
    assert len(reading.rejects) == 1


def test_zeros_are_no_reference(read):
    row = read(file("16,195,100,0,000000,0,X/")).row
    assert (row.bank_reference, row.end_to_end_id) == (None, None)


def test_several_records_on_one_line_and_a_text_broken_by_a_line_end(read):
    text = file("16,195,100,Z,,,ONE/   16,475,40,Z,,,TWO  ", "  GOES ON/")
    rows = read(text.replace("49,100100,4", "49,100140,4")).rows
    assert [(row.amount, row.remittance_information) for row in rows] == [
        (Decimal("1.00"), "ONE"),
        (Decimal("-0.40"), "TWO GOES ON"),
    ]


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "500"), ("EUR", "5.00"), ("BHD", "0.500"), ("", "5.00")]
)
def test_implied_decimals_go_by_the_currency(read, currency, amount):
    row = read(file("16,195,500,Z,,,/", currency=currency)).row
    assert (row.amount, row.currency) == (Decimal(amount), currency or "USD")


def test_balances_are_checked_with_the_entries(read):
    right = file("88,015,100060,,/", "16,195,100,Z,R1,,/", "16,475,40,Z,R2,,/")
    control = read(right).statement
    assert (control.opening_balance, control.closing_balance) == (
        Decimal("1000.00"),
        Decimal("1000.60"),
    )
    assert (control.entries_total, control.ok) == (Decimal("0.60"), True)
    assert read(right.replace("88,015,100060", "88,015,100061")).statement.ok is False


@pytest.mark.parametrize(
    "totals",
    [
        ("100101,3", "100100,1,5", "100100,1,7"),
        ("100100,9", "100100,1,5", "100100,1,7"),
        ("100100,3", "100101,1,5", "100100,1,7"),
        ("100100,3", "100100,2,5", "100100,1,7"),
        ("100100,3", "100100,1,5", "100101,1,7"),
        ("100100,3", "100100,1,5", "100100,1,8"),
    ],
)
def test_a_wrong_control_total_is_told(read, totals):
    assert read(file("16,195,100,Z,,,/")).statement.ok is True
    reading = read(file("16,195,100,Z,,,/", totals=totals))
    assert (len(reading.rows), reading.statement.ok) == (1, False)


def test_twins_under_one_reference_are_two_items(read):
    rows = read(file("16,195,100,Z,BATCH,,/", "16,195,100,Z,BATCH,,/")).rows
    assert [row.bank_reference for row in rows] == ["BATCH", "BATCH"]


def test_a_return_is_a_reversal(read):
    assert read(file("16,555,100,Z,,,RETURNED ITEM/")).row.is_reversal is True


def test_same_day_data_that_is_not_final_books_nothing(read):
    row = read(file("16,195,100,Z,,,/", modifier="3")).row
    assert (row.entry_source, row.entry_status) == ("notification", "PDNG")


@pytest.mark.parametrize("status", ["2", "4"])
def test_a_deleted_or_test_group_is_rejected(read, status):
    reading = read(file("16,195,100,Z,,,/", status=status))
    assert (reading.rows, len(reading.rejects)) == ([], 1)


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        ("16,050,100,Z,,,/", "bank_transaction_code", "050"),
        ("16,195,1.00,Z,,,/", "amount", "1.00"),
        ("16,195,,Z,,,/", "amount", ""),
        ("16,195,100,V,241399,,,,/", "value_date", "241399"),
    ],
)
def test_a_malformed_transaction_is_rejected_and_the_others_load(read, line, column, value):
    reading = read(file(line, "16,475,40,Z,OK,,/"))
    (reject,) = reading.rejects
    assert (reject.ordinal, reject.column, reject.value) == (1, column, value)
    assert "line 4" in reject.reason
    assert (reading.row.bank_reference, reading.statement.ok) == ("OK", False)


def test_a_malformed_transaction_keeps_the_key_that_was_read(read):
    (reject,) = read(file("16,195,1.00,Z,REF,,/")).rejects
    assert (reject.account_id, reject.bank_reference) == (
        read(file("16,195,100,Z,REF,,/")).row.account_id,
        "REF",
    )


def test_an_unreadable_date_or_currency_rejects_the_entries(read):
    assert read(file("16,195,1,Z,,,/", day="2401")).rejects[0].column == "booking_date"
    assert read(file("16,195,1,Z,,,/", currency="DOLLAR")).rejects[0].column == "currency"


@pytest.mark.parametrize(("currency", "amount"), [("BYR", "100"), ("KWD", "0.1"), ("EUR", "1")])
def test_implied_decimals_are_those_of_the_contract(read, currency, amount):
    assert read(file("16,195,100,Z,,,/", currency=currency)).row.amount == Decimal(amount)


def test_a_currency_without_minor_unit_is_a_reject(read):
    (reject,) = read(file("16,195,100,Z,,,/", currency="XAU")).rejects
    assert (reject.column, reject.value) == ("currency", "XAU")


def test_information_without_money_is_no_item(read):
    assert read(file("16,890,,Z,,,NOTICE/")).rows == []


def test_a_file_without_trailer_is_cut_off(read):
    whole = file("16,195,100,Z,,,/")
    with pytest.raises(BankFileError, match="no file trailer"):
        read(whole[: whole.index("99,")])


@pytest.mark.parametrize(
    ("content", "reason", "line"),
    [
        ("00,A,B/\n", "type 00", 1),
        ("01,A,B/\n16,195,1,Z,,,/\n", r"without an account \(03\)", 2),
        ("01,A,B/\n03,1,USD/\n", r"without a group \(02\)", 2),
        ("01,A,B/\nnonsense\n", "not a BAI2 record", 2),
    ],
)
def test_records_out_of_order_reject_the_file(read, content, reason, line):
    with pytest.raises(BankFileError, match=reason) as refused:
        read(content)
    assert refused.value.line == line
