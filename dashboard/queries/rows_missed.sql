-- One row per invoice whose reconciliation deadline passed in the last $window days without a match that
-- closed it, the latest deadline first.
with cut as (
    select
        max(fct_sli.as_of_date) as last_date,
        max(fct_sli.as_of_date) - coalesce(try_cast($window as bigint), 28)::int as after_date
    from marts.fct_sli
),

latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
)

select
-- include: item_columns
    count(*) over () as row_count
from marts.fct_items
cross join cut
cross join latest
left join marts.dim_customers on fct_items.party_id = dim_customers.customer_id
where
    fct_items.reconciliation = 'invoice_to_receipt'
    and fct_items.item_type = 'invoice'
    and fct_items.status not in ('closed', 'set_aside')
    and fct_items.due_for_match_at <= latest.as_of
    and fct_items.due_for_match_at::date > cut.after_date
    and fct_items.due_for_match_at::date <= cut.last_date
order by fct_items.due_for_match_at desc nulls last, fct_items.item_id
limit $limit offset $offset
