"""The demo company: an invented firm's books with known truth and known faults.

``generate`` writes the feeds of ``contracts/feeds.md`` into a landing folder and, beside it and
never inside it, what is true about them. The same arguments give the same bytes: every draw is
MD5 of the seed, a purpose and an id, and nothing reads a clock.

The truth folder
----------------
``matches.parquet``
    One row per item in a true match: ``reconciliation, truth_match_id, side, item_type, item_id,
    amount`` (signed, currency of the item, DECIMAL(38,10), what the match covers of it),
    ``currency, case_class, certain``. Items are named as in ``contracts/marts.md``. ``certain``
    says that a careful clerk could settle the match from the landed data alone.
``faults.parquet``
    One row per planted fault: ``fault, feed, file_name, key, line_number, column_name,
    expected_reason, expected_exception, is_resolved``. ``key`` is an item id where the fault sits
    in an item; ``line_number`` counts as the contract says (a CSV header is line 1).
``duplicates.parquet``
    Copies of invoices that are to be set aside: ``kind, duplicate_invoice_id,
    original_invoice_id, invoice_number``.
``summary.json``
    The ``DemoSummary``: sizes and the number of every fault and case.

Case classes of ``invoice_to_receipt``
--------------------------------------
Ordinary payments (``plan.CLOSABLE`` lists what deterministic passes can close):

- ``card_reference``: a charge whose metadata has the invoice number. ``card_invoice_id``: it has
  the id. ``card_dirty_reference``: lower case, without prefix, in other words. ``card_retry``:
  failed attempts of the same payment come first. ``card_missing_reference``: no reference; customer
  and amount say it where the amount is the customer's only one (else not certain).
  ``card_on_issue``: charged without a word on the day of each invoice, though the terms are net 30.
- ``transfer_reference``: the text has the number. ``transfer_dirty_reference``: the number in one
  of nine disguises. ``transfer_split_reference``: a line or field break cuts the number.
  ``transfer_structured``: an RF creditor reference. ``transfer_advice``: only a remittance advice
  names the invoice. ``transfer_missing_reference``: payer and amount only (certain where the
  amount is the customer's only one). ``transfer_invoice_id``: the text has billing's own id, in the
  mixed case of machines. ``parent_payer``: the parent company pays, number quoted.

Planted cases, in numbers fixed by ``plan``:

- ``instalments``: two or three payments make one invoice. ``instalment_missing``: the second of two
  never came. ``lump_text``, ``lump_advice``, ``lump_none``: one transfer for two to six invoices
  that quotes all, is explained by an advice, or says nothing (certain only if it pays everything
  that falls due that month). ``lump_named_part``: it quotes the first alone (certain likewise).
  ``quotes_paid_too``: a payment that equals one invoice and quotes it beside one paid before.
- ``overpayment``, ``double_payment``, ``card_double_payment``: more than is due; the second payment
  of a double one is in no true match.
- ``short_charges`` (the banks took 5 to 15), ``short_discount`` (2 % under ``2/10 net 30``),
  ``short_withholding`` (10 % under the invoice's ``withholding_rate``), ``short_rounding`` (1 to 3
  minor units). The truth has what was paid; the rest is to be adjusted.
- ``fx_residual``: an EUR invoice paid in USD at 0.3 to 1.5 % beside the day's rate, quoted.
  ``fx_original``: the same without a word; the bank states what was sent in EUR.
- ``wrong_reference``, ``card_wrong_reference``: somebody else's invoice number is quoted (not
  certain). ``reference_typo``: a slip that names no invoice. ``number_transposed``,
  ``number_truncated``, ``number_old_paid``: two digits changed places, the last one is lost, or an
  invoice of the customer's own that it has paid long ago; such numbers often are somebody's
  (certain where the amount is the customer's only one). ``payer_spelled``, ``customer_number``: no
  account and no number of an invoice, but the name as another clerk writes it, or the customer's
  number alone (certain likewise). ``third_party_payer``: a factor or
  treasury firm pays, number quoted. ``twin_payment``: two equal fees paid on one day in the same
  words (not certain which is which).
- ``credit_full``: a credit memo closes the invoice. ``credit_partial``: a memo takes a part off
  before the payment, ``credit_loose`` one that names no invoice. ``card_refund_memo``,
  ``card_partial_refund``: money back with a memo. ``card_refund_no_memo``: money back and nothing
  in billing. ``card_chargeback``, ``card_chargeback_reversed``: disputed, and won back. Where money
  went back without a memo, the invoice's amount is net of it (zero for all of it).
- Only in ``faults``: ``unpaid`` (overdue, never paid), ``returned_receipt`` (paid, and taken back
  by the bank three days later: open again), ``unidentified_receipt``,
  ``unknown_customer`` (billing knows a customer that the customer list does not; the key is the
  customer's id), duplicates
  (``duplicate_same_key``: the same idempotency key under a new number; ``duplicate_reissued``: the
  number with ``-A``), ``corrected_invoice`` (a second version holds), ``redelivered_row``.

The other reconciliations
-------------------------
``gateway_to_payout``: ``payout_sum``; ``payout_wrong_sum`` (the payout is 1,234 minor units less
than its transactions). ``payout_to_bank``: ``payout``; ``payout_unreferenced`` (the line names the
gateway only); ``payout_short_in_bank`` (1,000 minor units less arrive); ``payout_failed`` (a failed
payout without bank line came before this one); ``payout_missing_in_bank`` (no line, so no match).
``payout_negative``: a correction takes more than came in, and the gateway takes the balance.
``bank_to_ledger``: ``booked``, ``ledger_amount_mismatch``, ``doubled_in_ledger``,
``ledger_unreferenced`` (the entry does not quote the bank's line); a line ``missing_in_ledger`` has
no match.

``bill_to_payment``: bills of one to three lines. ``bill_reference``: one debit that quotes one
bill. ``bill_lump``: one for three. ``bill_credit_note``: less a credit note, both quoted.
``bill_instalments``: two debits. ``bill_missing_reference``: supplier and amount only (certain
where the supplier's account is known by other payments). ``bill_overpaid``; ``bill_paid_twice``
(the second debit is in no match); ``bill_returned`` (the first debit comes back, the second
pays); ``bill_entered_twice`` (the later entry is set aside). Only in
``faults``: ``bill_unpaid``, ``supplier_unbilled`` (a debit without a bill).

Faults of files and rows
------------------------
``bad_row`` with ``expected_reason`` ``bad_date``, ``thousands_separator``, ``unknown_currency``,
``minor_digits``, ``missing_key``, ``bad_domain``, ``ragged_line`` (cut off in the middle);
``unreadable_file``, ``missing_column``; ``redelivered_file`` (same bytes, other name),
``overlapping_statement``, ``copied_line`` (told again by an export of the bank's portal, under an
id of its own and without balances), ``late_file`` (an old week delivered last), ``control_total``
(closing balance off by 1,000 minor units), ``twin_fee`` (two identical lines without a bank
reference), ``batch_detailed``, ``batch_positional``, ``batch_notified`` (a batch booking whose
details stand in the statement with references, in the statement without, or only in the camt.054).
"""

from orchestration.demo.company import DemoSummary, generate

__all__ = ["DemoSummary", "generate"]
