-- One row per reconciliation and side: how many items stand where.
with items as (
    select
        fct_items.reconciliation,
        fct_items.side,
        count(*) as items,
        count(*) filter (fct_items.status = 'closed') as closed,
        count(*) filter (fct_items.status in ('open', 'partial')) as open,
        count(*) filter (fct_items.status = 'in_review') as in_review,
        count(*) filter (fct_items.status = 'set_aside') as set_aside
    from marts.fct_items
    group by fct_items.reconciliation, fct_items.side
)

select
    items.*,
    items.closed::double / nullif(items.items - items.set_aside, 0) as closed_share
from items
order by
    items.reconciliation,
    case items.side when 'expected' then 0 else 1 end
