"""Situations whose facts come in two waves: what the second frees, returns or corrects.

Each takes the books of both waves. `once` gives the same facts as one: of a row that comes twice
the later version, as a source would deliver it that was asked on the second day alone.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.python.reconciliation.books import Books

KEYS = {
    "crm_customers": ("customer_id",),
    "billing_invoices": ("invoice_id",),
    "gateway_transactions": ("gateway", "transaction_id"),
    "gateway_payouts": ("gateway", "payout_id"),
    "bank_transactions": ("account_id", "entry_id"),
    "remittance_advice_lines": ("remittance_id", "line_id"),
    "bank_accounts": ("account_id",),
}


def once(first: Books, second: Books) -> Books:
    """All facts of both waves, as they are in the end."""
    both = Books()
    for feed in {**first.rows, **second.rows}:
        latest = {}
        for row in (*first.rows[feed], *second.rows[feed]):
            latest[tuple(row[column] for column in KEYS[feed])] = row
        both.rows[feed] = list(latest.values())
    return both


def total_corrected(first: Books, second: Books) -> None:
    """The payment names it, and equals another invoice of its payer to the cent."""
    c = first.customer("w1")
    first.invoice(c, "WC-41001", "500", "2026-05-01")
    first.invoice(c, "WC-41002", "500", "2026-05-18")
    first.receipt(c, "w1", "500", "2026-05-20", "WC-41001")
    second.invoice(c, "WC-41001", "450", "2026-05-01")
    c = first.customer("w2")
    first.invoice(c, "WC-41003", "700", "2026-05-01")
    first.receipt(c, "w2", "700", "2026-05-20", "WC-41003")
    second.invoice(c, "WC-41003", "777", "2026-05-01")


def withdrawn(first: Books, second: Books) -> None:
    c = first.customer("w3")
    first.invoice(c, "WV-42001", "610", "2026-05-01")
    first.invoice(c, "WV-42002", "610", "2026-05-18")
    first.receipt(c, "w3", "610", "2026-05-20", "WV-42001")
    second.invoice(c, "WV-42001", "610", "2026-05-01", status="void")


def credited_and_refunded(first: Books, second: Books) -> None:
    c = first.customer("w4")
    first.invoice(c, "WR-43001", "900", "2026-05-01")
    first.receipt(c, "w4a", "900", "2026-05-10", "WR-43001")
    credit_memo(second, c, "WK-43001", "150", "WR-43001")
    second.receipt(c, "w4b", "-150", "2026-05-18", "Refund WK-43001")


def payout_corrected(first: Books, second: Books) -> None:
    """The line names one payout; another one has its amount, and has not arrived."""
    c = first.customer("w5")
    for name, day in (("A", "11"), ("B", "13")):
        first.invoice(c, f"WP-4400{name}1", "105", "2026-05-01")
        first.charge(
            c,
            f"wp{name}",
            "105.00",
            f"2026-05-{day}",
            f"WP-4400{name}1",
            gateway="nordpay",
            fee_amount="3.90",
            net_amount="101.10",
            payout_id=f"wpo{name}",
        )
        payout(first, name, "101.10")
    first.receipt(
        None, "w5", "101.10", "2026-05-16", "PAYOUT NPPO7A", counterparty_name="NORDPAY AB"
    )
    payout(second, "A", "101.00")


def number_corrected(first: Books, second: Books) -> None:
    """What a number meant before is not the nearest reading of what a payer writes."""
    c = first.customer("w6")
    first.invoice(c, "INV-2026-77110", "812.50", "2026-05-01", invoice_id="wn1")
    second.invoice(c, "INV-2026-77120", "812.50", "2026-05-01", invoice_id="wn1")
    second.invoice(c, "RE-2026-77110", "333.10", "2026-05-04")
    second.receipt(c, "w6", "333.10", "2026-05-20", "INV-2026-77110")


def credited_before_refunded(first: Books, second: Books) -> None:
    """The memo is there a day before the money goes back."""
    c = first.customer("w7")
    first.invoice(c, "WM-45001", "120", "2026-05-01")
    charge = first.charge(c, "wm1", "120", "2026-05-03", "WM-45001")
    credit_memo(first, c, "WN-45001", "120", "WM-45001")
    refund(second, c, "wm1r", "-120", charge)
    c = first.customer("w8")
    first.invoice(c, "WM-45002", "80", "2026-05-01")
    charge = first.charge(c, "wm2", "80", "2026-05-03", "WM-45002")
    credit_memo(first, c, "WN-45002", "30", "WM-45002")
    refund(second, c, "wm2r", "-30", charge)


def debits_bounced(first: Books, second: Books) -> None:
    """With charges that the bank states, with some that it does not, and one that nothing names."""
    c = first.customer("w9")
    first.invoice(c, "WB-46001", "100", "2026-05-01")
    first.invoice(c, "WB-46002", "200", "2026-05-01")
    first.receipt(c, "w9a", "100", "2026-05-05", "WB-46001", end_to_end_id="DD-46001")
    first.receipt(c, "w9b", "200", "2026-05-05", "WB-46002", end_to_end_id="DD-46002")
    bounced = {"is_reversal": "true", "return_reason": "AC04"}
    second.receipt(
        c,
        "w9c",
        "-103",
        "2026-05-09",
        "WB-46001",
        end_to_end_id="DD-46001",
        charges_amount="-3.00",
        **bounced,
    )
    second.receipt(
        c, "w9d", "-203", "2026-05-09", "BACK WB-46002 FEE 3", end_to_end_id="DD-46002", **bounced
    )
    # the same account and amount twice: which of them came back nobody can say
    c = first.customer("w10")
    for place in ("1", "2"):
        first.invoice(c, f"WB-4610{place}", "50", f"2026-05-0{place}")
        first.receipt(c, f"w10{place}", "50", f"2026-05-1{place}", f"WB-4610{place}")
    second.receipt(c, "w10r", "-50", "2026-05-20", "RETURNED", is_reversal="true")


def refunded_on_purpose(first: Books, second: Books) -> None:
    """The same amount goes back, and the bank does not mark it: we gave it back."""
    c = first.customer("w11")
    first.invoice(c, "WG-47001", "60", "2026-05-01")
    first.receipt(c, "w11a", "60", "2026-05-05", "WG-47001")
    second.receipt(c, "w11b", "-60", "2026-05-09", "Refund WG-47001")


def own_payments_came_back(first: Books, second: Books) -> None:
    """A transfer that its receiver's bank sent back, and cash that the bank booked in error."""
    vendor = {"counterparty_name": "Lieferant Weber KG", "end_to_end_id": "PAY-48001"}
    first.receipt(None, "w12a", "-1840", "2026-05-05", "Rg 4711", **vendor)
    second.receipt(None, "w12b", "1840", "2026-05-07", "Rg 4711", return_reason="AC01", **vendor)
    c = first.customer("w13")
    first.invoice(c, "WO-48001", "1840", "2026-05-01")
    first.receipt(None, "w14a", "-800", "2026-05-05", "BARAUSZAHLUNG KASSE")
    first.receipt(None, "w14b", "800", "2026-05-05", "STORNO KASSE", is_reversal="true")


def advised_by_a_stranger(first: Books, second: Books) -> None:
    """The advice names somebody else's invoice, and the payer owes this very amount."""
    c = first.customer("w15")
    first.invoice(c, "WA-49001", "500", "2026-05-01")
    payer = first.customer("w16")
    first.invoice(payer, "WA-49002", "149", "2026-05-01")
    first.receipt(payer, "w16", "149", "2026-05-10", end_to_end_id="ADVISED49")
    first.add(
        "remittance_advice_lines",
        remittance_id="wa1",
        line_id="1",
        payment_reference="ADVISED49",
        invoice_reference="WA-49001",
        amount="149",
        currency="EUR",
    )


def equal_beside_one_that_is_named(first: Books, second: Books) -> None:
    """Of two equal invoices one is paid in part, by name: a payment of the whole is for the other.

    Not where somebody else names it, and not where the payment that names it equals another one.
    """
    c = first.customer("w21")
    first.invoice(c, "WE-51001", "300", "2026-04-01")
    first.invoice(c, "WE-51002", "300", "2026-05-01")
    first.receipt(c, "w21a", "120", "2026-05-20", "WE-51002")
    first.receipt(c, "w21b", "300", "2026-05-28")
    second.invoice(c, "WE-51003", "41", "2026-06-20")
    c = first.customer("w22")
    first.invoice(c, "WE-52001", "310", "2026-04-01")
    first.invoice(c, "WE-52002", "310", "2026-05-01")
    first.receipt(first.customer("w23"), "w23", "130", "2026-05-20", "WE-52002")
    first.receipt(c, "w22", "310", "2026-05-28")
    second.invoice(c, "WE-52003", "42", "2026-06-20")
    c = first.customer("w24")
    first.invoice(c, "WE-53001", "320", "2026-04-01")
    first.invoice(c, "WE-53002", "320", "2026-05-01")
    first.invoice(c, "WE-53003", "66", "2026-05-03")
    first.receipt(c, "w24a", "66", "2026-05-20", "WE-53002")
    first.receipt(c, "w24b", "320", "2026-05-28")
    second.invoice(c, "WE-53004", "43", "2026-06-20")


def equal_to_one_that_was_closed_with_it(first: Books, second: Books) -> None:
    """Who pays two days after each invoice paid May's. A week later: April's, or May's again?"""
    c = first.customer("w25")
    for month in ("1", "2", "3"):
        first.invoice(c, f"WE-5400{month}", "330", f"2026-0{month}-01")
        first.receipt(c, f"w25{month}", "330", f"2026-0{month}-03", f"WE-5400{month}")
    first.invoice(c, "WE-54004", "330", "2026-04-01")
    first.invoice(c, "WE-54005", "330", "2026-05-01")
    first.receipt(c, "w25a", "330", "2026-05-03")
    first.receipt(c, "w25b", "330", "2026-05-10")
    second.invoice(c, "WE-54006", "44", "2026-06-20")


# of the first fourteen two are 4122.36 and five others 11573.48; nothing else is either
OPEN_AMOUNTS = (
    "2304.94 2351.25 1853.06 2139.36 2470.13 2436.91 2330.75 2197.55 2424.68 2269.30 2564.65 "
    "2086.31 2461.50 1982.54"
).split()


def sum_among_what_was_closed_with_it(first: Books, second: Books) -> None:
    """Five of fourteen may add up by chance, five of twelve hardly: two are surely paid.

    Where several could be those two, they are not, and all fourteen count.
    """
    c = first.customer("w26")
    for place, amount in enumerate(OPEN_AMOUNTS):
        first.invoice(c, f"WE-551{place:02d}", amount, f"2026-04-{place + 1:02d}")
    first.receipt(c, "w26a", "4122.36", "2026-05-20")
    first.receipt(c, "w26b", "11573.48", "2026-05-22")
    c = first.customer("w27")
    for place, amount in enumerate(OPEN_AMOUNTS):
        first.invoice(c, f"WE-552{place:02d}", amount, f"2026-04-{place + 1:02d}")
    first.receipt(c, "w27a", "4122.36", "2026-05-20")
    first.receipt(c, "w27c", "4122.36", "2026-05-21")
    first.receipt(c, "w27b", "11573.48", "2026-05-22")


def credit_memo(books: Books, customer: str, number: str, amount: str, related: str) -> None:
    books.invoice(
        customer,
        number,
        amount,
        "2026-05-14",
        document_type="credit_memo",
        related_invoice_id=f"id-{related}",
    )


def refund(books: Books, customer: str, name: str, amount: str, charge: str) -> None:
    books.charge(
        customer,
        name,
        amount,
        "2026-05-20",
        type="refund",
        related_transaction_id=charge.removeprefix("pay/"),
    )


def payout(books: Books, name: str, amount: str) -> None:
    books.add(
        "gateway_payouts",
        gateway="nordpay",
        payout_id=f"wpo{name}",
        amount=amount,
        currency="EUR",
        created_at="2026-05-13T00:00:00Z",
        arrival_date="2026-05-15",
        bank_reference=f"NPPO7{name}",
        status="paid",
    )


CASES: tuple[Callable[[Books, Books], None], ...] = (
    total_corrected,
    withdrawn,
    credited_and_refunded,
    payout_corrected,
    number_corrected,
    credited_before_refunded,
    debits_bounced,
    refunded_on_purpose,
    own_payments_came_back,
    advised_by_a_stranger,
    equal_beside_one_that_is_named,
    equal_to_one_that_was_closed_with_it,
    sum_among_what_was_closed_with_it,
)
