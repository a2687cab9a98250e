-- One row per item that is open past its matching window, the longest first. $age as in
-- on_call_unmatched.sql, or '' for all.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

aged as (
    select
        fct_items.*,
        date_diff('hour', fct_items.due_for_match_at, latest.as_of) / 24.0 as days
    from marts.fct_items
    cross join latest
    where
        fct_items.status in ('open', 'partial', 'in_review')
        and fct_items.due_for_match_at < latest.as_of
)

select
    aged.reconciliation,
    aged.side,
    aged.item_type,
    aged.item_id,
    aged.party_id as customer_id,
    dim_customers.legal_name as customer,
    aged.event_date,
    aged.due_for_match_at,
    aged.currency,
    aged.amount,
    aged.allocated_amount,
    aged.adjusted_amount,
    aged.open_amount,
    aged.status,
    aged.set_aside_reason,
    count(*) over () as row_count
from aged
left join marts.dim_customers
    on aged.party_id = dim_customers.customer_id
where
    case $age
        when '' then true
        when 'day' then aged.days < 1
        when 'week' then aged.days >= 1 and aged.days < 7
        when 'month' then aged.days >= 7 and aged.days < 30
        when 'quarter' then aged.days >= 30 and aged.days < 90
        else aged.days >= 90
    end
order by
    aged.due_for_match_at asc nulls last,
    aged.reconciliation,
    aged.side,
    aged.item_type,
    aged.item_id
limit $limit offset $offset
