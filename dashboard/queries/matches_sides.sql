-- One row per line of a match as a balanced account, in the match's currency: expected items left,
-- actual items right, each with all of it that the match closes; what an adjustment closes of one
-- side stands as a named line on the other. Both sides therefore come to the same total.
with allocations as (
    select
        fct_match_allocations.*,
        case fct_match_allocations.side when 'expected' then 'left' else 'right' end as place
    from marts.fct_match_allocations
    where fct_match_allocations.match_id = $match
),

items as (
    select
        allocations.place,
        'item' as line,
        allocations.item_type,
        allocations.item_id,
        cast(null as varchar) as adjustment_kind,
        fct_items.document_number,
        fct_items.memo,
        fct_items.event_date,
        fct_items.party_id,
        allocations.currency as item_currency,
        allocations.allocated_amount + allocations.adjusted_amount as item_amount,
        allocations.match_amount + allocations.match_adjusted_amount as amount,
        allocations.match_currency as currency
    from allocations
    left join marts.fct_items
        on
            allocations.reconciliation = fct_items.reconciliation
            and allocations.side = fct_items.side
            and allocations.item_type = fct_items.item_type
            and allocations.item_id = fct_items.item_id
),

adjustments as (
    select
        case allocations.place when 'left' then 'right' else 'left' end as place,
        'adjustment' as line,
        cast(null as varchar) as item_type,
        cast(null as varchar) as item_id,
        coalesce(allocations.adjustment_kind, 'adjustment') as adjustment_kind,
        cast(null as varchar) as document_number,
        cast(null as varchar) as memo,
        cast(null as date) as event_date,
        cast(null as varchar) as party_id,
        allocations.match_currency as item_currency,
        sum(allocations.match_adjusted_amount) as item_amount,
        sum(allocations.match_adjusted_amount) as amount,
        allocations.match_currency as currency
    from allocations
    where allocations.match_adjusted_amount <> 0
    group by allocations.place, allocations.adjustment_kind, allocations.match_currency
),

lines as (
    select * from items
    union all
    select * from adjustments
)

select
    lines.place,
    lines.line,
    lines.item_type,
    lines.item_id,
    lines.adjustment_kind,
    lines.document_number,
    lines.memo,
    lines.event_date,
    lines.party_id as customer_id,
    dim_customers.legal_name as customer,
    lines.item_currency,
    lines.item_amount,
    lines.amount,
    lines.currency,
    sum(lines.amount) over (partition by lines.place) as side_total,
    count(*) over (partition by lines.place) as side_lines
from lines
left join marts.dim_customers
    on lines.party_id = dim_customers.customer_id
order by
    lines.place,
    lines.line desc,
    lines.event_date nulls last,
    lines.item_type,
    lines.item_id,
    lines.adjustment_kind
limit 400
