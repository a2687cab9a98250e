-- One row per item of a reconciliation, oldest due first; empty strings filter nothing.
-- $standing: closed | open (open or partly) | in_review | set_aside.
with items as (
    select
        fct_items.reconciliation,
        fct_items.side,
        fct_items.item_type,
        fct_items.item_id,
        fct_items.due_for_match_at
    from marts.fct_items
    where
        ($reconciliation = '' or fct_items.reconciliation = $reconciliation)
        and ($side = '' or fct_items.side = $side)
        and case $standing
            when '' then true
            when 'open' then fct_items.status in ('open', 'partial')
            else fct_items.status = $standing
        end
),

totals as (
    select count(*) as row_count
    from items
),

page as (
    select *
    from items
    order by
        items.due_for_match_at asc nulls last,
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id
    limit $limit offset $offset
)

select
-- include: item_columns
    totals.row_count
from page
inner join marts.fct_items
    on
        page.reconciliation = fct_items.reconciliation
        and page.side = fct_items.side
        and page.item_type = fct_items.item_type
        and page.item_id = fct_items.item_id
cross join totals
left join marts.dim_customers on fct_items.party_id = dim_customers.customer_id
order by
    page.due_for_match_at asc nulls last,
    page.reconciliation,
    page.side,
    page.item_type,
    page.item_id
