"""How many of what: the rates of planted cases, and which invoices may carry them."""

from __future__ import annotations

from dataclasses import dataclass

#: Facts of a planted case need this many days after the planned payment to unfold.
SETTLED_DAYS = 25


@dataclass(frozen=True)
class Case:
    """A planted case: its name, the pool of invoices it is drawn from and its frequency.

    ``per_10000`` is the number of cases per 10,000 invoices; ``least`` holds for small companies
    (as far as the pool reaches).
    """

    name: str
    pool: str
    per_10000: int
    least: int = 2

    def count(self, invoices: int) -> int:
        """Number of cases to plant for a company of ``invoices`` invoices."""
        return max(self.least, invoices * self.per_10000 // 10_000)


_TRANSFER = "channel = 'transfer'"
_CARD = "channel = 'card'"

#: Cases that exclude one another: an invoice has one fate. Drawn in this order.
FATES = (
    Case("fx_residual", _TRANSFER + " and currency = 'EUR'", 40),
    Case("unpaid", "true", 120),
    Case("credit_full", "true", 60),
    Case("credit_partial", _TRANSFER, 40),
    Case("instalments", _TRANSFER, 50),
    Case("instalment_missing", _TRANSFER, 50),
    Case("overpayment", _TRANSFER, 30),
    Case("double_payment", _TRANSFER, 20),
    Case("short_charges", _TRANSFER + " and currency in ('EUR', 'USD', 'GBP')", 30),
    Case("short_discount", _TRANSFER, 30),
    Case("short_withholding", _TRANSFER, 20),
    Case("short_rounding", _TRANSFER, 20),
    Case("wrong_reference", _TRANSFER, 20),
    Case("reference_typo", _TRANSFER, 30),
    Case("third_party_payer", _TRANSFER, 40),
    Case("card_double_payment", _CARD, 20),
    Case("card_wrong_reference", _CARD, 20),
    Case("card_refund_memo", _CARD, 40),
    Case("card_refund_no_memo", _CARD, 30),
    Case("card_partial_refund", _CARD, 30),
    Case("card_chargeback", _CARD, 25),
    Case("card_chargeback_reversed", _CARD, 15),
    Case("quotes_paid_too", _TRANSFER, 20),
    Case("number_transposed", _TRANSFER, 15),
    Case("number_truncated", _TRANSFER, 15),
    Case("number_old_paid", _TRANSFER, 15),
    Case("payer_spelled", _TRANSFER, 20),
    Case("customer_number", _TRANSFER, 15),
    Case("credit_loose", _TRANSFER, 15),
    Case("fx_original", _TRANSFER + " and currency = 'EUR'", 15),
    Case("returned_receipt", _TRANSFER + " and currency = 'EUR'", 15),
)

#: Marks lie on invoices that otherwise live an ordinary life.
MARKS = (
    Case("duplicate_same_key", "true", 40),
    Case("duplicate_reissued", "true", 40),
    Case("corrected_invoice", "true", 30),
    Case("redelivered_row", "true", 50),
)

#: Statuses, drawn before everything else.
VOID = Case("void", "true", 80)
DRAFT = Case("draft", "true", 40)

#: Transfers for several invoices: one in five has no reference, one an advice, one names the first.
LUMPS = Case("lump", "true", 50, least=5)
#: Customers whose card is charged on the day of each invoice, without a word, on net 30.
CARD_ON_ISSUE = Case("card_on_issue", "true", 4)
UNIDENTIFIED = Case("unidentified_receipt", "true", 30, least=3)
TWIN_FEES = Case("twin_fee", "true", 6, least=3)
TWIN_PAYMENTS = Case("twin_payment", "true", 10)

#: Case classes whose invoices can be closed by a stated reference, a reference in text, a group
#: sum, a credit memo or the only amount of a party (as far as the match is certain).
CLOSABLE = (
    "card_chargeback_reversed",
    "card_dirty_reference",
    "card_double_payment",
    "card_invoice_id",
    "card_missing_reference",
    "card_partial_refund",
    "card_reference",
    "card_refund_memo",
    "card_retry",
    "credit_full",
    "credit_partial",
    "double_payment",
    "instalments",
    "lump_advice",
    "lump_text",
    "overpayment",
    "parent_payer",
    "third_party_payer",
    "transfer_advice",
    "transfer_dirty_reference",
    "transfer_invoice_id",
    "transfer_missing_reference",
    "transfer_reference",
    "transfer_split_reference",
    "transfer_structured",
)
