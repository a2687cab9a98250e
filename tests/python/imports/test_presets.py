"""Exports that are known: told by their header, read without a question but which account it is.

The samples have the headers of public exports and values made up here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from imports_desk import Desk

from orchestration.imports import maps
from orchestration.imports.offer import look_at


@dataclass(frozen=True)
class Sample:
    """A file of one export, and what its maps make of it: columns of each row, map by map."""

    text: str
    expected: dict[str, list[tuple[str, ...]]]
    columns: dict[str, tuple[str, ...]]
    answers: dict[str, str] = field(default_factory=dict)
    left_out: int = 0


GATEWAY = ("type", "amount", "net_amount", "currency", "created_at")
PAYOUT = ("payout_id", "amount", "currency", "created_at")
BANK = ("account_id", "booking_date", "amount", "currency", "counterparty_name")

SAMPLES = {
    "stripe": Sample(
        "balance_transaction_id,created_utc,created,available_on_utc,available_on,"
        "currency,gross,fee,"
        "net,reporting_category,source_id,description,automatic_payout_id\n"
        "txn_1,2026-06-01 10:00:00,2026-06-01 12:00:00,2026-06-03,2026-06-03,eur,100.00,3.20,96.80,"
        "charge,ch_1,Order 1,po_1\n"
        "txn_2,2026-06-02 10:00:00,2026-06-02 12:00:00,2026-06-03,2026-06-03,eur,-20.00,"
        "0.00,-20.00,"
        "refund,re_1,,po_1\n"
        "txn_3,2026-06-02 11:00:00,2026-06-02 13:00:00,2026-06-03,2026-06-03,eur,-2.00,0.00,-2.00,"
        "fee,,Radar,po_1\n"
        "txn_4,2026-06-03 00:00:00,2026-06-03 02:00:00,2026-06-03,2026-06-03,eur,-74.80,"
        "0.00,-74.80,"
        "payout,po_1,STRIPE PAYOUT,po_1\n",
        {
            "stripe-balance__payouts": [("po_1", "74.80", "EUR", "2026-06-03T00:00:00")],
            "stripe-balance__transactions": [
                ("charge", "100.00", "96.80", "EUR", "2026-06-01T10:00:00"),
                ("refund", "-20.00", "-20.00", "EUR", "2026-06-02T10:00:00"),
                ("fee", "-2.00", "-2.00", "EUR", "2026-06-02T11:00:00"),
            ],
        },
        {"stripe-balance__payouts": PAYOUT, "stripe-balance__transactions": GATEWAY},
    ),
    "paypal": Sample(
        '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net",'
        '"From Email Address","To Email Address","Transaction ID","Reference Txn ID",'
        '"Invoice Number","Subject","Note","Balance Impact"\n'
        '"06/15/2026","10:00:00","PDT","Ann Example","Express Checkout Payment","Completed","USD",'
        '"1,100.00","-32.20","1,067.80","a@x.example","me@x.example","T1","","INV-7","",'
        '"","Credit"\n'
        '"06/15/2026","11:00:00","PDT","Ann Example","Payment Refund","Completed","USD","-50.00",'
        '"1.50","-48.50","me@x.example","a@x.example","T2","T1","","","","Debit"\n'
        '"06/16/2026","11:00:00","PDT","","General Withdrawal","Completed","USD","-1,'
        '019.30","0.00",'
        '"-1,019.30","","","T3","","","","","Debit"\n'
        '"06/16/2026","12:00:00","PDT","Bob","General Payment","Pending","USD","5.00",'
        '"0.00","5.00",'
        '"","","T4","","","","","Credit"\n',
        {
            "paypal-activity__payouts": [("T3", "1019.30", "USD", "2026-06-16T18:00:00Z")],
            "paypal-activity__received": [
                ("charge", "1100.00", "1067.80", "USD", "2026-06-15T17:00:00Z")
            ],
            "paypal-activity__taken": [
                ("refund", "-50.00", "-48.50", "USD", "2026-06-15T18:00:00Z")
            ],
        },
        {
            "paypal-activity__payouts": PAYOUT,
            "paypal-activity__received": GATEWAY,
            "paypal-activity__taken": GATEWAY,
        },
    ),
    "adyen": Sample(
        "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
        "Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),"
        "Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),"
        "Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number\n"
        "Co,Shop,P1,R-1,visa,2026-06-01 10:00:00,CEST,Settled,M1,EUR,,46.00,1,EUR,,45.20,0.20,0.20,"
        "0.10,0.30,118\n"
        "Co,Shop,P1,R-1,visa,2026-06-01 12:00:00,CEST,Refunded,M2,EUR,6.00,,1,EUR,6.10,,"
        "0.10,,,,118\n"
        "Co,Shop,,,,2026-06-01 13:00:00,CEST,Fee,Transaction Fees,EUR,,,,EUR,1.10,,,,,,118\n"
        "Co,Shop,,,,2026-06-02 01:00:00,CEST,MerchantPayout,,EUR,,,,EUR,38.00,,,,,,118\n",
        {
            "adyen-settlement__payouts": [("Shop 118", "38.00", "EUR", "2026-06-01T23:00:00Z")],
            "adyen-settlement__transactions": [
                ("charge", "46.00", "45.20", "EUR", "2026-06-01T08:00:00Z"),
                ("refund", "-6.00", "-6.10", "EUR", "2026-06-01T10:00:00Z"),
                ("fee", "-1.10", "-1.10", "EUR", "2026-06-01T11:00:00Z"),
            ],
        },
        {"adyen-settlement__payouts": PAYOUT, "adyen-settlement__transactions": GATEWAY},
    ),
    "shopify payments": Sample(
        "Transaction Date,Type,Order,Card Brand,Card Source,Payout Status,Payout Date,Payout ID,"
        "Available On,Amount,Fee,Net,Checkout,Payment Method Name,Presentment Amount,"
        "Presentment Currency,Currency\n"
        "2026-06-01 10:00:00 +0200,charge,#1001,visa,online,paid,2026-06-03,77,"
        "2026-06-03,45.00,1.61,"
        "43.39,,card,45.00,EUR,EUR\n"
        "2026-06-02 10:00:00 +0200,refund,#1001,visa,online,paid,2026-06-03,77,"
        "2026-06-03,-10.00,0.00,"
        "-10.00,,card,-10.00,EUR,EUR\n",
        {
            "shopify-payments": [
                ("charge", "45.00", "43.39", "EUR", "2026-06-01T08:00:00Z"),
                ("refund", "-10.00", "-10.00", "EUR", "2026-06-02T08:00:00Z"),
            ]
        },
        {"shopify-payments": GATEWAY},
    ),
    "shopify orders": Sample(
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,"
        "Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Billing Name\n"
        "#1001,a@x.example,paid,2026-06-01 10:00:00 +0200,fulfilled,EUR,37.00,0.00,8.00,45.00,"
        "2026-06-01 09:59:00 +0200,1,A,30.00,Ann\n"
        "#1001,a@x.example,,,,,,,,,2026-06-01 09:59:00 +0200,1,B,7.00,\n"
        "#1002,,voided,,,EUR,5.00,0.00,0.00,5.00,2026-06-01 09:59:00 +0200,1,B,5.00,Bob\n",
        {
            "shopify-orders": [
                ("#1001", "a@x.example", "45.00", "open", "2026-06-01T07:59:00Z"),
                ("#1002", "Bob", "5.00", "void", "2026-06-01T07:59:00Z"),
            ]
        },
        {"shopify-orders": ("invoice_id", "customer_id", "total_amount", "status", "issued_at")},
        left_out=1,
    ),
    "sparkasse": Sample(
        '"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";'
        '"Glaeubiger ID";"Mandatsreferenz";"Kundenreferenz (End-to-End)";"Sammlerreferenz";'
        '"Lastschrift Ursprungsbetrag";"Auslagenersatz Ruecklastschrift";'
        '"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";"Betrag";'
        '"Waehrung";"Info"\n'
        '"DE1";"01.06.26";"01.06.26";"GUTSCHRIFT";"RE 1";"";"";"E1";"";"";"";"Müller";"DE2";"B";'
        '"1.190,00";"EUR";"Umsatz gebucht"\n'
        '"DE1";"02.06.26";"02.06.26";"KARTE";"x";"";"";"";"";"";"";"";"";"";"-12,30";"EUR";'
        '"Umsatz vorgemerkt"\n',
        {"bank-sparkasse": [("DE1", "2026-06-01", "1190.00", "EUR", "Müller")]},
        {"bank-sparkasse": BANK},
        left_out=1,
    ),
    "volksbank": Sample(
        "Bezeichnung Auftragskonto;IBAN Auftragskonto;BIC Auftragskonto;Bankname Auftragskonto;"
        "Buchungstag;Valutadatum;Name Zahlungsbeteiligter;IBAN Zahlungsbeteiligter;"
        "BIC (SWIFT-Code) Zahlungsbeteiligter;Buchungstext;Verwendungszweck;Betrag;Waehrung;"
        "Saldo nach Buchung;Bemerkung;Kategorie;Steuerrelevant;Glaeubiger ID;Mandatsreferenz\n"
        "K;DE1;B;VR;01.06.2026;01.06.2026;Müller;DE2;B;Gutschrift;RE 1;1190,00;EUR;2000,00;;;;;\n",
        {"bank-volksbank": [("DE1", "2026-06-01", "1190.00", "EUR", "Müller")]},
        {"bank-volksbank": BANK},
    ),
    "dkb": Sample(
        '"Girokonto";"DE02 1203 0000 0000 2020 51"\n"Kontostand vom 10.06.2026:";"1.234,56 €"\n""\n'
        '"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";'
        '"Verwendungszweck";"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";"Mandatsreferenz";'
        '"Kundenreferenz"\n'
        '"08.06.26";"08.06.26";"Gebucht";"Wir";"Miete GmbH";"Juni";"Ausgang";"DE3";"-23,'
        '45 €";"";"";""\n'
        '"07.06.26";"07.06.26";"Gebucht";"Müller";"Wir";"RE 1";"Eingang";"DE2";"1.190,'
        '00 €";"";"";""\n',
        {
            "bank-dkb__in": [("DE02120300000000202051", "2026-06-07", "1190.00", "EUR", "Müller")],
            "bank-dkb__out": [
                ("DE02120300000000202051", "2026-06-08", "-23.45", "EUR", "Miete GmbH")
            ],
        },
        {"bank-dkb__in": BANK, "bank-dkb__out": BANK},
    ),
    "commerzbank": Sample(
        "Buchungstag;Wertstellung;Umsatzart;Buchungstext;Betrag;Währung;"
        "IBAN Kontoinhaber;Kategorie\n"
        "01.06.2026;01.06.2026;Gutschrift;Müller RE 1 End-to-End-Ref.: E1;1190,00;EUR;DE1;\n",
        {"bank-commerzbank": [("DE1", "2026-06-01", "1190.00", "EUR")]},
        {"bank-commerzbank": BANK[:4]},
    ),
    "n26": Sample(
        "Booking Date,Value Date,Partner Name,Partner Iban,Type,Payment Reference,Account Name,"
        "Amount (EUR),Original Amount,Original Currency,Exchange Rate\n"
        "2026-06-01,2026-06-01,Müller,DE2,Credit Transfer,RE 1,Main,1190.0,,,\n",
        {"bank-n26": [("DE1", "2026-06-01", "1190.0", "EUR", "Müller")]},
        {"bank-n26": BANK},
        {"set:account_id": "DE1"},
    ),
    "wise": Sample(
        '"TransferWise ID",Date,Amount,Currency,Description,"Payment Reference","Running Balance",'
        '"Exchange From","Exchange To","Exchange Rate","Payer Name","Payee Name",'
        '"Payee Account Number",Merchant,"Total fees"\n'
        "TRANSFER-1,01-06-2026,1190.00,EUR,Received money,RE 1,2000.00,,,,Müller,,,,0.00\n",
        {"bank-wise": [("BE1", "2026-06-01", "1190.00", "EUR", "Müller")]},
        {"bank-wise": BANK},
        {"set:account_id": "BE1"},
    ),
    "revolut business": Sample(
        "Date started (UTC),Date completed (UTC),ID,Type,State,Description,Reference,Payer,Amount,"
        "Fee,Balance\n"
        "2026-06-01,2026-06-01,a,TOPUP,COMPLETED,Payment from Müller,RE 1,Müller,1190.00,"
        "0.00,1190.00\n"
        "2026-06-02,,b,CARD_PAYMENT,DECLINED,Shop,,,-10.00,0.00,1190.00\n",
        {"bank-revolut-business": [("LT1", "2026-06-01", "1190.00", "EUR", "Müller")]},
        {"bank-revolut-business": BANK},
        {"set:account_id": "LT1", "set:currency": "EUR"},
        left_out=1,
    ),
    "barclays": Sample(
        "Number,Date,Account,Amount,Subcategory,Memo\n"
        " ,03/06/2026,20-00-00 12345678,-10.99,PAYMENT,SHOP ON 02 JUN\n"
        " ,04/06/2026,20-00-00 12345678,2450.00,DIRECTDEP,ACME LTD INV 1\n",
        {
            "bank-barclays": [
                ("20-00-0012345678", "2026-06-03", "-10.99", "GBP"),
                ("20-00-0012345678", "2026-06-04", "2450.00", "GBP"),
            ]
        },
        {"bank-barclays": BANK[:4]},
    ),
    "lloyds": Sample(
        "Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,"
        "Debit Amount,Credit Amount,Balance,\n"
        "03/06/2026,DD,'30-94-57,12345678,FIGMA,45.00,,955.00,\n"
        "04/06/2026,FPI,'30-94-57,12345678,CLIENT,,500.00,1455.00,\n",
        {
            "bank-lloyds": [
                ("12345678", "2026-06-03", "-45.00", "GBP"),
                ("12345678", "2026-06-04", "500.00", "GBP"),
            ]
        },
        {"bank-lloyds": BANK[:4]},
    ),
    "chase": Sample(
        "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"
        "DEBIT,06/03/2026,ACH PMT BEXLEY,-500.00,ACH_DEBIT,2700.00,,\n"
        "CREDIT,06/04/2026,DEPOSIT ACME,1190.00,ACH_CREDIT,3890.00,,\n",
        {
            "bank-chase": [
                ("9", "2026-06-03", "-500.00", "USD"),
                ("9", "2026-06-04", "1190.00", "USD"),
            ]
        },
        {"bank-chase": BANK[:4]},
        {"set:account_id": "9"},
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_export_is_told_by_its_header_and_read(desk: Desk, name: str) -> None:
    sample = SAMPLES[name]
    path = desk.deliver("export.csv", sample.text)
    asked = look_at(desk.home, path, {})
    assert {question.key for question in asked.questions} == set(sample.answers)
    offer = look_at(desk.home, path, sample.answers)
    assert {p.map.name for p in offer.proposals if p.map} == {
        map_name.replace("__", "-") if sample.answers else map_name for map_name in sample.expected
    }
    for place, (map_name, expected) in enumerate(sorted(sample.expected.items())):
        _, reading, rows = desk.read(offer, place)
        assert reading.problems == [] and reading.blocking == []
        got = [
            tuple(
                row[column].upper() if column == "currency" else row[column]
                for column in sample.columns[map_name]
            )
            for row in rows
        ]
        assert got == expected
        if len(sample.expected) == 1:
            assert sum(reading.left_out.values()) == sample.left_out


def test_what_was_answered_of_a_preset_is_not_asked_again(desk: Desk) -> None:
    sample = SAMPLES["n26"]
    path = desk.deliver("export.csv", sample.text)
    found = look_at(desk.home, path, sample.answers).proposals[0].map
    assert found is not None and not found.is_preset
    maps.save(desk.home, found)
    again = look_at(desk.home, path, {})
    assert again.is_own_map and again.questions == []


def test_every_preset_has_a_sample() -> None:
    told = {name for sample in SAMPLES.values() for name in sample.expected}
    assert told == {preset.name for preset in maps.presets()}
