-- One row: how a customer pays, by the invoices that money has settled: when, and by which way.
with own_invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.due_date,
        fct_invoices.total_amount
    from marts.fct_invoices
    where
        fct_invoices.customer_id = $customer
        and fct_invoices.document_type = 'invoice'
        and fct_invoices.reconciliation_status in ('settled', 'matched')
),

own_matches as (
    select
        fct_match_allocations.match_id,
        fct_match_allocations.item_id as invoice_id,
        own_invoices.due_date
    from marts.fct_match_allocations
    inner join own_invoices
        on fct_match_allocations.item_id = own_invoices.invoice_id
    inner join marts.fct_matches
        on fct_match_allocations.match_id = fct_matches.match_id
    where
        fct_match_allocations.reconciliation = 'invoice_to_receipt'
        and fct_match_allocations.item_type = 'invoice'
        and fct_matches.decision in ('auto_closed', 'approved')
),

payments as (
    select
        own_matches.invoice_id,
        own_matches.due_date,
        max(fct_items.event_date) as paid_on,
        max_by(fct_items.item_type, fct_items.event_date) as way,
        count(distinct fct_items.item_id) as payment_count
    from own_matches
    inner join marts.fct_match_allocations
        on own_matches.match_id = fct_match_allocations.match_id
    inner join marts.fct_items
        on
            fct_match_allocations.reconciliation = fct_items.reconciliation
            and fct_match_allocations.item_type = fct_items.item_type
            and fct_match_allocations.item_id = fct_items.item_id
    where fct_match_allocations.item_type in ('charge', 'bank_transaction')
    group by own_matches.invoice_id, own_matches.due_date
),

timed as (
    select
        payments.*,
        date_diff('day', payments.due_date, payments.paid_on) as days_late
    from payments
)

select
    count(*) as paid_count,
    cast(quantile_disc(timed.days_late, 0.5) as bigint) as usual_days_late,
    cast(quantile_disc(timed.days_late, 0.9) as bigint) as latest_days_late,
    count(*) filter (timed.days_late <= 0) as in_time_count,
    count(*) filter (timed.way = 'charge') as charge_count,
    count(*) filter (timed.way = 'bank_transaction') as transfer_count,
    count(*) filter (timed.payment_count > 1) as several_count
from timed
