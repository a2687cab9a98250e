-- One row per invoice: what is matched, and what is open.
select
    invoices.invoice_id,
    invoices.matched_amount,
    invoices.open_amount
from marts.fct_invoices as invoices
