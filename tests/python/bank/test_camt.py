"""camt.053 and camt.054: one test for each rule of the input contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.ingest.bank import BankFileError, BankRow, ReferredDocument, camt, read_bank_file
from orchestration.ingest.bank.camt_details import Details

ACCOUNT = "<Acct><Id><IBAN>DE02 1203 0000 0000 2020 51</IBAN></Id><Ccy>EUR</Ccy></Acct>"
REFERENCES = "<AcctSvcrRef>BANK1</AcctSvcrRef>"


def balance(code: str, amount: str, sign: str = "CRDT", day: str = "2024-01-31") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(
    amount: str = "100.00",
    sign: str = "CRDT",
    *,
    details: str = "",
    status: str = "<Sts>BOOK</Sts>",
    head: str = REFERENCES,
    currency: str = "EUR",
    dates: str = "<BookgDt><Dt>2024-01-31</Dt></BookgDt><ValDt><Dt>2024-02-01</Dt></ValDt>",
) -> str:
    return (
        f"<Ntry><Amt Ccy='{currency}'>{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}{dates}"
        f"{head}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(
    amount: str | None = None, *, sign: str = "", refs: str = "", more: str = "", ccy: str = "EUR"
) -> str:
    stated = f"<Amt Ccy='{ccy}'>{amount}</Amt>" if amount else ""
    indicator = f"<CdtDbtInd>{sign}</CdtDbtInd>" if sign else ""
    return f"<TxDtls><Refs>{refs}</Refs>{stated}{indicator}{more}</TxDtls>"


def statement(*entries: str, balances: str = "", account: str = ACCOUNT, head: str = "") -> str:
    return f"<Stmt><Id>S1</Id>{head}{account}{balances}{''.join(entries)}</Stmt>"


def camt053(
    *statements: str, namespace: str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
) -> str:
    declared = f" xmlns='{namespace}'" if namespace else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<Document{declared}><BkToCstmrStmt>"
        "<GrpHdr><MsgId>M</MsgId><CreDtTm>2024-02-02T06:00:00</CreDtTm></GrpHdr>"
        f"{''.join(statements)}</BkToCstmrStmt></Document>"
    )


def camt054(*entries: str) -> str:
    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.04'><BkToCstmrDbtCdtNtfctn>"
        "<GrpHdr><CreDtTm>2024-02-02T06:00:00</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>N1</Id>{ACCOUNT}{''.join(entries)}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )


def parties(debtor: str = "", creditor: str = "") -> str:
    return f"<RltdPties>{debtor}{creditor}</RltdPties>"


# --- telling the format ------------------------------------------------------------------------


@pytest.mark.parametrize("version", [f"{number:02d}" for number in range(2, 14)])
def test_every_version_is_read_by_its_content(read, version):
    text = camt053(
        statement(entry()), namespace=f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    )
    assert read(text).format == "camt.053"
    assert read(text).row.amount == Decimal("100.00")


@pytest.mark.parametrize(
    "namespace", ["", "urn:example:wrong", "urn:iso:std:iso:20022:tech:xsd:camt.052.001.02"]
)
def test_a_missing_or_wrong_namespace_does_not_matter(read, namespace):
    assert read(camt053(statement(entry()), namespace=namespace)).row.bank_reference == "BANK1"


def test_a_prefixed_document_in_an_envelope_is_read(read):
    text = (
        "<Envelope><x:Document xmlns:x='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'>"
        "<x:BkToCstmrStmt><x:Stmt><x:Id>S1</x:Id><x:Acct><x:Id><x:Othr><x:Id>12 34</x:Id></x:Othr>"
        "</x:Id></x:Acct><x:Ntry><x:Amt Ccy='EUR'>1</x:Amt><x:CdtDbtInd>DBIT</x:CdtDbtInd>"
        "<x:Sts><x:Cd>BOOK</x:Cd></x:Sts><x:BookgDt><x:Dt>2024-01-31</x:Dt></x:BookgDt></x:Ntry>"
        "</x:Stmt></x:BkToCstmrStmt></x:Document></Envelope>"
    )
    row = read(text).row
    assert (row.account_id, row.amount, row.bank_reference) == ("1234", Decimal("-1"), None)


def test_utf16_is_read(read):
    text = camt053(statement(entry(details=detail(more="<AddtlTxInf>Müller</AddtlTxInf>"))))
    text = text.replace("UTF-8", "UTF-16")
    assert read(text.encode("utf-16")).row.remittance_information == "Müller"


def test_gzip_is_told_by_content(read):
    assert read(camt053(statement(entry())), zipped=True).row.amount == Decimal("100.00")


def test_an_intraday_report_is_refused(read):
    text = (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.052.001.02'><BkToCstmrAcctRpt>"
        f"<Rpt><Id>R</Id>{ACCOUNT}{entry()}</Rpt></BkToCstmrAcctRpt></Document>"
    )
    with pytest.raises(BankFileError, match=r"camt\.052.*Land the camt\.053"):
        read(text)


def test_a_message_without_statement_is_refused(read):
    with pytest.raises(BankFileError, match="no statement"):
        read(camt053())


# --- amounts, signs, dates, status --------------------------------------------------------------


def test_credit_and_debit_give_the_sign(read):
    rows = read(camt053(statement(entry("1.10"), entry("2.20", "DBIT")))).rows
    assert [row.amount for row in rows] == [Decimal("1.10"), Decimal("-2.20")]
    assert [row.currency for row in rows] == ["EUR", "EUR"]


def test_a_reversal_keeps_the_sign_it_was_booked_with(read):
    """RvslInd says that an earlier entry is undone; CdtDbtInd is the sign of this movement."""
    text = camt053(
        statement(
            entry("50.00", "DBIT", head=REFERENCES + "<RvslInd>true</RvslInd>"),
            balances=balance("OPBD", "80.00") + balance("CLBD", "30.00"),
        )
    )
    reading = read(text)
    assert (reading.row.amount, reading.row.is_reversal) == (Decimal("-50.00"), True)
    assert reading.statement.ok is True


def test_a_return_tells_its_reason_and_keeps_the_roles_of_the_payment(read):
    """We collected 20 from X; it comes back as a debit, where X is still the debtor."""
    returned = (
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed account</AddtlInf></RtrInf>"
        + parties(
            "<Dbtr><Nm>X</Nm></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>",
            "<Cdtr><Nm>Us</Nm></Cdtr>"
            "<CdtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></CdtrAcct>",
        )
    )
    row = read(camt053(statement(entry("20", "DBIT", details=detail("20", more=returned))))).row
    assert (row.amount, row.return_reason) == (Decimal("-20"), "AC04: closed account")
    assert (row.is_reversal, row.counterparty_name) == (True, "X")
    assert row.counterparty_account == "DE89370400440532013000"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("<Sts>BOOK</Sts>", "BOOK"),
        ("<Sts><Cd>PDNG</Cd></Sts>", "PDNG"),
        ("<Sts><Cd>INFO</Cd></Sts>", "INFO"),
        ("<Sts><Cd>FUTR</Cd></Sts>", "PDNG"),
        ("", None),
    ],
)
def test_the_status_in_both_layouts(read, status, expected):
    assert read(camt053(statement(entry(status=status)))).row.entry_status == expected


def test_a_notification_without_status_is_not_booked(read):
    row = read(camt054(entry(status=""))).row
    assert (row.entry_source, row.entry_status) == ("notification", "INFO")


def test_an_unknown_status_is_a_reject(read):
    reject = read(camt053(statement(entry(status="<Sts><Cd>MAYBE</Cd></Sts>")))).rejects[0]
    assert (reject.column, reject.value) == ("entry_status", "MAYBE")


def test_a_timestamp_keeps_its_stated_date(read):
    dates = (
        "<BookgDt><DtTm>2024-01-31T23:30:00-05:00</DtTm></BookgDt>"
        "<ValDt><Dt>2024-02-01Z</Dt></ValDt>"
    )
    row = read(camt053(statement(entry(dates=dates)))).row
    assert (row.booking_date, row.value_date) == (date(2024, 1, 31), date(2024, 2, 1))


def test_without_booking_date_a_statement_of_one_day_gives_its_day(read):
    balances = balance("OPBD", "0") + balance("CLBD", "100.00")
    dates = "<ValDt><Dt>2024-02-05</Dt></ValDt>"
    row = read(camt053(statement(entry(dates=dates), balances=balances))).row
    assert (row.booking_date, row.value_date) == (date(2024, 1, 31), date(2024, 2, 5))
    assert row.is_booking_date_assumed is True


def test_a_stated_booking_date_is_not_assumed(read):
    """None and not false: rows of before that are landed again keep their hash."""
    assert read(camt053(statement(entry()))).row.is_booking_date_assumed is None
    assert read(camt054(entry())).row.is_booking_date_assumed is None


def test_without_any_other_date_the_message_gives_one(read):
    assert read(camt053(statement(entry(dates="")))).row.booking_date == date(2024, 2, 2)


# --- ids ------------------------------------------------------------------------------------------


def test_an_entry_without_details_has_its_own_reference(read):
    row = read(camt053(statement(entry()))).row
    assert (row.bank_reference, row.entry_reference) == ("BANK1", "BANK1")


def test_without_reference_the_statement_and_entry_number_stand_in(read):
    row = read(camt053(statement(entry(head="<NtryRef>7</NtryRef>")))).row
    assert row.bank_reference == "S1:7"


def test_without_both_there_is_no_reference(read):
    row = read(camt053(statement(entry(head="")))).row
    assert (row.bank_reference, row.entry_reference) == (None, None)


def test_details_have_their_own_reference_or_a_position(read):
    details = (
        detail("60.00", refs="<AcctSvcrRef>OWN</AcctSvcrRef>") + detail("30.00") + detail("10.00")
    )
    rows = read(camt053(statement(entry(details=details)))).rows
    assert [row.bank_reference for row in rows] == ["OWN", "BANK1#2", "BANK1#3"]
    assert {row.entry_reference for row in rows} == {"BANK1"}
    assert {row.entry_amount for row in rows} == {Decimal("100.00")}


def test_details_of_an_entry_without_reference_share_a_key_of_its_content(read):
    one = entry(head="", details=detail("60.00") + detail("40.00"))
    first, again = read(camt053(statement(one))), read(camt053(statement(entry("5"), one)))
    keys = {row.entry_reference for row in first.rows}
    assert len(keys) == 1
    assert keys == {row.entry_reference for row in again.rows[1:]}
    assert [row.bank_reference for row in first.rows] == [None, None]


def test_twin_entries_without_reference_are_two_groups(read):
    one = entry(head="", details=detail("60.00") + detail("40.00"))
    rows = read(camt053(statement(one, one))).rows
    assert len({row.entry_reference for row in rows}) == 2


def test_twins_under_one_reference_are_two_items(read):
    rows = read(camt053(statement(entry(), entry(), entry("7")))).rows
    assert [row.bank_reference for row in rows] == ["BANK1", "BANK1", "BANK1"]


# --- details --------------------------------------------------------------------------------------


def test_details_that_do_not_sum_stay_one_item(read):
    details = detail("60.00", more="<RmtInf><Ustrd>A</Ustrd></RmtInf>") + detail(
        "30.00", more="<RmtInf><Ustrd>B</Ustrd></RmtInf>"
    )
    row = read(camt053(statement(entry(details=details)))).row
    assert (row.amount, row.bank_reference) == (Decimal("100.00"), "BANK1")
    assert row.remittance_information == "A B"


def test_details_without_amounts_stay_one_item(read):
    row = read(camt053(statement(entry(details=detail() + detail())))).row
    assert row.amount == Decimal("100.00")


def test_a_single_detail_without_amount_describes_its_entry(read):
    more = parties("<Dbtr><Nm>Payer</Nm></Dbtr>") + "<RmtInf><Ustrd>Inv 1</Ustrd></RmtInf>"
    row = read(camt053(statement(entry(details=detail(more=more))))).row
    assert (row.counterparty_name, row.remittance_information) == ("Payer", "Inv 1")
    assert row.bank_reference == "BANK1"


def test_details_of_both_directions_net_to_the_entry(read):
    details = detail("130.00", sign="CRDT") + detail("30.00", sign="DBIT")
    rows = read(camt053(statement(entry(details=details)))).rows
    assert [row.amount for row in rows] == [Decimal("130.00"), Decimal("-30.00")]


def test_details_that_state_the_direction_of_the_other_side(read):
    details = detail("60.00", sign="CRDT") + detail("40.00", sign="CRDT")
    rows = read(camt053(statement(entry("100.00", "DBIT", details=details)))).rows
    assert [row.amount for row in rows] == [Decimal("-60.00"), Decimal("-40.00")]


def test_amounts_of_version_two_are_found_in_amount_details(read):
    def old(amount: str) -> str:
        return detail(more=f"<AmtDtls><TxAmt><Amt Ccy='EUR'>{amount}</Amt></TxAmt></AmtDtls>")

    rows = read(camt053(statement(entry(details=old("99.99") + old("0.01"))))).rows
    assert [row.amount for row in rows] == [Decimal("99.99"), Decimal("0.01")]


def test_a_malformed_detail_amount_leaves_the_entry_whole(read):
    row = read(camt053(statement(entry(details=detail("sixty") + detail("40.00"))))).row
    assert row.amount == Decimal("100.00")


def test_details_in_another_currency_than_the_entry_leave_it_whole(read):
    row = read(camt053(statement(entry(details=detail("100.00", ccy="USD"))))).row
    assert (row.amount, row.original_amount, row.original_currency) == (
        Decimal("100.00"),
        Decimal("100.00"),
        "USD",
    )


def test_original_amount_and_currency(read):
    more = "<AmtDtls><InstdAmt><Amt Ccy='USD'>108.50</Amt></InstdAmt></AmtDtls>"
    row = read(camt053(statement(entry(details=detail("100.00", more=more))))).row
    assert (row.original_amount, row.original_currency) == (Decimal("108.50"), "USD")


def test_an_instructed_amount_in_the_same_currency_is_no_original(read):
    more = "<AmtDtls><InstdAmt><Amt Ccy='EUR'>105.00</Amt></InstdAmt></AmtDtls>"
    row = read(camt053(statement(entry(details=detail("100.00", more=more))))).row
    assert (row.original_amount, row.original_currency) == (None, None)


LAYOUTS = [
    "<Chrgs><Amt Ccy='EUR'>1.50</Amt></Chrgs><Chrgs><Amt Ccy='EUR'>0.50</Amt></Chrgs>",
    "<Chrgs><Rcrd><Amt Ccy='EUR'>1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd>"
    "<Rcrd><Amt Ccy='EUR'>0.50</Amt></Rcrd></Chrgs>",
    "<Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>2.00</TtlChrgsAndTaxAmt></Chrgs>",
    "<Chrgs><Rcrd><Amt Ccy='EUR'>3.00</Amt></Rcrd>"
    "<Rcrd><Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Rcrd></Chrgs>",
]


@pytest.mark.parametrize("charges", LAYOUTS)
@pytest.mark.parametrize(("sign", "gross"), [("CRDT", "102.00"), ("DBIT", "98.00")])
def test_charges_are_part_of_an_amount_that_is_stated_less_them(read, charges, sign, gross):
    stated = f"<AmtDtls><InstdAmt><Amt Ccy='EUR'>{gross}</Amt></InstdAmt></AmtDtls>" + charges
    details = detail("100.00", more=stated)
    of_detail = read(camt053(statement(entry(sign=sign, details=details)))).row
    of_entry = read(camt053(statement(entry(sign=sign, head=REFERENCES + stated)))).row
    assert of_detail.charges_amount == of_entry.charges_amount == Decimal("-2.00")


@pytest.mark.parametrize("charges", LAYOUTS)
def test_charges_of_which_nothing_says_where_they_are_taken_explain_nothing(read, charges):
    of_detail = read(camt053(statement(entry(details=detail("100.00", more=charges))))).row
    of_entry = read(camt053(statement(entry(head=REFERENCES + charges)))).row
    assert (of_detail.charges_amount, of_entry.charges_amount) == (None, None)
    assert of_detail.amount == of_entry.amount == Decimal(100)


def charge(amount: str, is_included: str) -> str:
    return (
        f"<Chrgs><Rcrd><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>"
        f"<ChrgInclInd>{is_included}</ChrgInclInd></Rcrd></Chrgs>"
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [("true", Decimal("-2.00")), ("1", Decimal("-2.00")), ("false", None), ("0", None)],
)
def test_the_bank_says_whether_charges_are_inside(read, said, expected):
    row = read(camt053(statement(entry(details=detail("100.00", more=charge("2.00", said)))))).row
    assert (row.amount, row.charges_amount) == (Decimal(100), expected)


def test_a_batch_booked_net_is_split_into_its_details_less_their_own_charges(read):
    details = detail("60.00", more=charge("0.75", "true")) + detail(
        "41.00", more=charge("0.25", "1")
    )
    rows = read(camt053(statement(entry(details=details)))).rows
    assert [(row.amount, row.charges_amount) for row in rows] == [
        (Decimal("59.25"), Decimal("-0.75")),
        (Decimal("40.75"), Decimal("-0.25")),
    ]
    assert [row.bank_reference for row in rows] == ["BANK1#1", "BANK1#2"]


def test_a_batch_is_never_net_of_charges_that_are_outside(read):
    details = detail("60.00", more=charge("0.75", "false")) + detail("41.00", more=charge("1", "0"))
    row = read(camt053(statement(entry(details=details)))).row
    assert (row.amount, row.charges_amount) == (Decimal(100), None)


def test_details_beyond_the_memory_are_read_back_in_order(monkeypatch, read):
    monkeypatch.setattr(camt, "Details", lambda: Details(in_memory=3))
    texts = [f"<RmtInf><Ustrd>{number}</Ustrd></RmtInf>" for number in range(10)]
    whole = "".join(detail("10.00", more=text) for text in texts)
    rows = read(camt053(statement(entry(details=whole), entry("7")))).rows
    assert [row.remittance_information for row in rows] == [*map(str, range(10)), None]
    assert [row.bank_reference for row in rows[:2]] == ["BANK1#1", "BANK1#2"]
    short = "".join(detail("9.00", more=text) for text in texts)
    row = read(camt053(statement(entry(details=short)))).row
    assert row.remittance_information == " ".join(map(str, range(10)))


# --- parties and references -----------------------------------------------------------------------

DEBTOR = "<Dbtr><Nm>Payer</Nm></Dbtr><DbtrAcct><Id><IBAN>de89 3704</IBAN></Id></DbtrAcct>"
CREDITOR = (
    "<Cdtr><Pty><Nm>Payee</Nm></Pty></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>98 76</Id></Othr></Id></CdtrAcct>"
)


@pytest.mark.parametrize(
    ("sign", "name", "account"), [("CRDT", "Payer", "de893704"), ("DBIT", "Payee", "9876")]
)
def test_the_counterparty_goes_by_direction_in_both_layouts(read, sign, name, account):
    details = detail("100.00", more=parties(DEBTOR, CREDITOR))
    row = read(camt053(statement(entry(sign=sign, details=details)))).row
    assert (row.counterparty_name, row.counterparty_account) == (name, account)


def test_the_ultimate_party_stands_in_for_a_missing_name(read):
    more = parties("<UltmtDbtr><Pty><Nm>Behind</Nm></Pty></UltmtDbtr>")
    row = read(camt053(statement(entry(details=detail("100.00", more=more))))).row
    assert row.counterparty_name == "Behind"


@pytest.mark.parametrize("text", ["NOTPROVIDED", "notprovided", " NOT PROVIDED ", ""])
def test_an_end_to_end_id_that_is_none(read, text):
    details = detail("100.00", refs=f"<EndToEndId>{text}</EndToEndId>")
    assert read(camt053(statement(entry(details=details)))).row.end_to_end_id is None


def test_free_text_is_joined_with_spaces(read):
    more = (
        "<RmtInf><Ustrd>Invoice 1</Ustrd><Ustrd>and\n 2</Ustrd>"
        "<Strd><AddtlRmtInf>thanks</AddtlRmtInf></Strd></RmtInf>"
    )
    details = detail("100.00", refs="<EndToEndId>E2E</EndToEndId>", more=more)
    row = read(camt053(statement(entry(details=details)))).row
    assert (row.remittance_information, row.end_to_end_id) == ("Invoice 1 and 2 thanks", "E2E")


def test_additional_information_stands_in_for_remittance(read):
    row = read(camt053(statement(entry(head=REFERENCES + "<AddtlNtryInf>Fee</AddtlNtryInf>")))).row
    assert row.remittance_information == "Fee"


def structured(number: str, kind: str, amounts: str) -> str:
    return (
        f"<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Nb>{number}</Nb>"
        f"</RfrdDocInf><RfrdDocAmt>{amounts}</RfrdDocAmt></Strd>"
    )


def test_referred_documents_with_amounts_credit_notes_negative(read):
    more = (
        "<RmtInf>"
        + structured("INV-1", "CINV", "<RmtdAmt Ccy='EUR'>110.00</RmtdAmt>")
        + structured("CN-1", "CREN", "<RmtdAmt Ccy='EUR'>5.00</RmtdAmt>")
        + structured("CN-2", "CINV", "<CdtNoteAmt Ccy='EUR'>5.00</CdtNoteAmt>")
        + structured(
            "INV-2",
            "CINV",
            "<DuePyblAmt Ccy='EUR'>9</DuePyblAmt>"
            "<DscntApldAmt><Amt Ccy='EUR'>1</Amt></DscntApldAmt>",
        )
        + structured("INV-3", "CINV", "")
        + "</RmtInf>"
    )
    row = read(camt053(statement(entry(details=detail("100.00", more=more))))).row
    assert row.referred_documents == [
        ReferredDocument("INV-1", Decimal("110.00"), "CINV"),
        ReferredDocument("CN-1", Decimal("-5.00"), "CREN"),
        ReferredDocument("CN-2", Decimal("-5.00"), "CINV"),
        ReferredDocument("INV-2", Decimal("9"), "CINV", Decimal("1")),
        ReferredDocument("INV-3", None, "CINV"),
    ]


def creditor_reference(text: str, amount: str = "") -> str:
    stated = f"<RfrdDocAmt><RmtdAmt Ccy='EUR'>{amount}</RmtdAmt></RfrdDocAmt>" if amount else ""
    return (
        f"<Strd>{stated}<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
        f"<Ref>{text}</Ref></CdtrRefInf></Strd>"
    )


def test_a_creditor_reference_is_the_structured_reference(read):
    more = f"<RmtInf>{creditor_reference('RF18539007547034')}</RmtInf>"
    row = read(camt053(statement(entry(details=detail("100.00", more=more))))).row
    assert (row.structured_reference, row.referred_documents) == ("RF18539007547034", [])
    assert row.remittance_information is None


def test_several_creditor_references_stand_for_their_documents(read):
    both = creditor_reference("RF1", "60") + creditor_reference("RF2", "40")
    row = read(
        camt053(statement(entry(details=detail("100.00", more=f"<RmtInf>{both}</RmtInf>"))))
    ).row
    assert row.structured_reference == "RF1"
    assert [(d.number, d.amount) for d in row.referred_documents] == [
        ("RF1", Decimal("60")),
        ("RF2", Decimal("40")),
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly>"
            "</Domn><Prtry><Cd>X</Cd></Prtry></BkTxCd>",
            "PMNT-RCDT-ESCT",
        ),
        ("<BkTxCd><Prtry><Cd>NTRF+166</Cd></Prtry></BkTxCd>", "NTRF+166"),
        ("<BkTxCd/>", None),
    ],
)
def test_the_bank_transaction_code(read, code, expected):
    of_entry = read(camt053(statement(entry(head=REFERENCES + code)))).row
    of_detail = read(camt053(statement(entry(details=detail("100.00", more=code))))).row
    assert of_entry.bank_transaction_code == of_detail.bank_transaction_code == expected


# --- rejects and control totals -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "column", "value"),
    [
        (entry("1,00"), "amount", "1,00"),
        (entry("1e3"), "amount", "1e3"),
        (entry("-5", "DBIT"), "amount", "-5"),
        (entry("5", "BOTH"), "amount", "BOTH"),
        (entry(currency="EURO"), "currency", "EURO"),
        (
            entry(dates="<BookgDt><Dt>2024-02-30</Dt></BookgDt>"),
            "booking_date",
            "2024-02-30",
        ),
        (entry(dates="<BookgDt><Dt>31.01.2024</Dt></BookgDt>"), "booking_date", "31.01.2024"),
    ],
)
def test_a_malformed_entry_is_rejected_and_the_others_load(read, bad, column, value):
    balances = balance("OPBD", "0") + balance("CLBD", "100.00")
    reading = read(camt053(statement(bad, entry(), balances=balances)))
    (reject,) = reading.rejects
    assert (reject.ordinal, reject.column, reject.value) == (1, column, value)
    assert "corrected file" in reject.reason
    # Its key is what a corrected file would load it under.
    assert (reject.account_id, reject.bank_reference) == (
        reading.row.account_id,
        reading.row.bank_reference,
    )
    assert reading.row.amount == Decimal("100.00")
    assert reading.statement.ok is False


def test_a_statement_without_account_rejects_its_entries(read):
    reading = read(camt053(statement(entry(), account="")))
    assert [reject.column for reject in reading.rejects] == ["account_id"]


@pytest.mark.parametrize("opening", ["OPBD", "PRCD", "ITBD"])
def test_opening_and_entries_make_closing(read, opening):
    balances = balance(opening, "10.00", "DBIT") + balance("CLBD", "90.00")
    control = read(camt053(statement(entry(), balances=balances))).statement
    assert (control.opening_balance, control.entries_total, control.closing_balance) == (
        Decimal("-10.00"),
        Decimal("100.00"),
        Decimal("90.00"),
    )
    assert control.ok is True
    assert (control.from_date, control.to_date) == (date(2024, 1, 31), date(2024, 1, 31))


def test_a_difference_is_told(read):
    balances = balance("OPBD", "10.00") + balance("CLBD", "90.00")
    assert read(camt053(statement(entry(), balances=balances))).statement.ok is False


def test_pending_entries_are_not_in_the_total(read):
    balances = balance("OPBD", "0") + balance("CLBD", "100.00")
    pending = entry("7", status="<Sts>PDNG</Sts>")
    assert read(camt053(statement(entry(), pending, balances=balances))).statement.ok is True


def test_a_page_of_a_statement_goes_from_one_intermediate_balance_to_the_next(read):
    balances = balance("ITBD", "10.00") + balance("ITBD", "110.00")
    assert read(camt053(statement(entry(), balances=balances))).statement.ok is True


def test_without_closing_balance_nothing_is_claimed(read):
    assert read(camt053(statement(entry(), balances=balance("OPBD", "1")))).statement.ok is None


def test_an_unreadable_balance_is_a_reject_of_its_own(read):
    balances = balance("OPBD", "ten") + balance("CLBD", "90.00")
    reading = read(camt053(statement(entry(), balances=balances)))
    assert [reject.column for reject in reading.rejects] == ["closing_balance"]
    assert (len(reading.rows), reading.statement.ok) == (1, None)


@pytest.mark.parametrize(
    ("more", "column", "value", "named"),
    [
        (
            "<RmtInf>" + structured("INV-1", "CINV", "<RmtdAmt>1,00</RmtdAmt>") + "</RmtInf>",
            "amount", "1,00", "TxDtls/RmtInf/Strd/RfrdDocAmt/RmtdAmt of document INV-1",
        ),
        (
            "<RmtInf>" + structured("INV-1", "CINV", "<CdtNoteAmt>five</CdtNoteAmt>") + "</RmtInf>",
            "amount", "five", "RfrdDocAmt/CdtNoteAmt",
        ),
        (
            "<RmtInf>"
            + structured("INV-1", "CINV", "<DscntApldAmt><Amt>2%</Amt></DscntApldAmt>")
            + "</RmtInf>",
            "discount_amount", "2%", "RfrdDocAmt/DscntApldAmt",
        ),
        ("<Chrgs><Amt Ccy='EUR'>1.5.0</Amt></Chrgs>", "charges_amount", "1.5.0", "TxDtls/Chrgs"),
        (
            "<Chrgs><Rcrd><Amt Ccy='EUR'>free</Amt></Rcrd></Chrgs>",
            "charges_amount", "free", "TxDtls/Chrgs",
        ),
        (
            "<AmtDtls><InstdAmt><Amt Ccy='USD'>10O</Amt></InstdAmt></AmtDtls>",
            "original_amount", "10O", "TxDtls/AmtDtls/InstdAmt/Amt",
        ),
    ],
)  # fmt: skip
def test_an_unreadable_amount_beside_the_booked_one_is_a_reject_of_its_own(
    read, more, column, value, named
):
    balances = balance("OPBD", "0.00") + balance("CLBD", "107.00")
    entries = (entry(details=detail("100.00", more=more)), entry("7.00", head=""))
    reading = read(camt053(statement(*entries, balances=balances)))
    assert [row.amount for row in reading.rows] == [Decimal("100.00"), Decimal("7.00")]
    assert reading.statement.ok
    (reject,) = reading.rejects
    assert (reject.ordinal, reject.column, reject.value) == (2, column, value)
    assert named in reject.reason and "The entry BANK1 is loaded" in reject.reason
    # its item has loaded, so the item's key would resolve it at once
    assert (reject.account_id, reject.bank_reference) == (None, None)
    row = reading.rows[0]
    assert (row.charges_amount, row.original_amount) == (None, None)
    assert [(d.number, d.amount, d.discount_amount) for d in row.referred_documents] in (
        [], [("INV-1", None, None)],
    )  # fmt: skip


def test_unreadable_charges_of_an_entry_and_amounts_of_its_details_are_told(read):
    head = REFERENCES + "<Chrgs><Amt Ccy='EUR'>x</Amt></Chrgs>"
    reading = read(camt053(statement(entry(head=head, details=detail("sixty") + detail("40.00")))))
    assert reading.row.amount == Decimal("100.00")
    assert [(reject.column, reject.value) for reject in reading.rejects] == [
        ("amount", "sixty"),
        ("charges_amount", "x"),
    ]


def test_what_is_due_does_not_stand_in_for_an_unreadable_payment(read):
    amounts = "<DuePyblAmt>9.00</DuePyblAmt><RmtdAmt>eight</RmtdAmt>"
    more = "<RmtInf>" + structured("INV-1", "CINV", amounts) + "</RmtInf>"
    reading = read(camt053(statement(entry(details=detail("8.00", more=more)))))
    assert reading.row.referred_documents == [ReferredDocument("INV-1", None, "CINV")]


def test_a_rejected_entry_takes_what_it_says_beside_its_amount_with_it(read):
    head = "<Chrgs><Amt Ccy='EUR'>x</Amt></Chrgs>"
    reading = read(camt053(statement(entry("ten", head=head, details=detail("y")), entry("5"))))
    assert [reject.value for reject in reading.rejects] == ["ten"]
    assert reading.row.amount == Decimal("5")


def test_several_statements_and_accounts(read):
    other = "<Acct><Id><Othr><Id>99</Id></Othr></Id></Acct>"
    reading = read(camt053(statement(entry()), statement(entry("3", "DBIT"), account=other)))
    assert [row.account_id for row in reading.rows] == ["DE02120300000000202051", "99"]
    assert [s.entries_total for s in reading.statements] == [Decimal("100.00"), Decimal("-3")]


def test_amounts_are_exact_beyond_the_precision_of_python_floats_and_contexts(read):
    big = "12345678901234567890123456.0000000001"
    row = read(camt053(statement(entry(big, "DBIT")))).row
    assert str(row.amount) == "-" + big


# --- whole files --------------------------------------------------------------------------------


def test_rows_are_streamed(tmp_path):
    """The first items are there long before the end of the file is read."""
    path = tmp_path / "statement"
    whole = camt053(statement(*(entry(details=detail(str(n))) for n in range(1, 5000))))
    path.write_text(whole[: len(whole) // 2])
    rows = read_bank_file(path).rows
    assert isinstance(next(rows), BankRow)
    with pytest.raises(BankFileError, match="not well-formed"):
        for _ in rows:
            pass


cents = st.integers(min_value=0, max_value=10**9)
signs = st.sampled_from(["CRDT", "DBIT"])


@settings(max_examples=60, deadline=None)
@given(
    entries=st.lists(
        st.tuples(cents, signs, st.lists(st.tuples(cents, signs), max_size=4), st.booleans()),
        max_size=6,
    ),
    opening=cents,
)
def test_items_conserve_what_the_statement_books(tmp_path_factory, entries, opening):
    """Whatever the details say, the items of a statement sum to its entries."""

    def money(amount: int) -> str:
        return f"{amount // 100}.{amount % 100:02d}"

    parts, total = [], 0
    for amount, sign, details, is_exploded in entries:
        if is_exploded and details:  # details that do sum to their entry
            amount = sum(a if s == "CRDT" else -a for a, s in details)
            amount, sign = abs(amount), "CRDT" if amount >= 0 else "DBIT"
        total += amount if sign == "CRDT" else -amount
        described = "".join(detail(money(a), sign=s) for a, s in details)
        parts.append(entry(money(amount), sign, details=described))
    closing = opening + total
    balances = balance("OPBD", money(opening)) + balance(
        "CLBD", money(abs(closing)), "CRDT" if closing >= 0 else "DBIT"
    )
    path = tmp_path_factory.mktemp("camt") / "statement"
    path.write_text(camt053(statement(*parts, balances=balances)))
    file = read_bank_file(path)
    rows = [row for row in file.rows if isinstance(row, BankRow)]
    assert sum(row.amount for row in rows) * 100 == total
    assert file.statements[0].ok is True
