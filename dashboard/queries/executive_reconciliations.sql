-- One row per reconciliation and side: how many items stand where; an inactive reconciliation has a
-- row that says why.
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
    dim_reconciliations.reconciliation,
    dim_reconciliations.title,
    dim_reconciliations.why_inactive,
    items.side,
    coalesce(items.items, 0) as items,
    coalesce(items.closed, 0) as closed,
    coalesce(items.open, 0) as open,
    coalesce(items.in_review, 0) as in_review,
    coalesce(items.set_aside, 0) as set_aside,
    items.closed::double / nullif(items.items - items.set_aside, 0) as closed_share
from marts.dim_reconciliations
left join items
    on dim_reconciliations.reconciliation = items.reconciliation
order by
    dim_reconciliations.is_active desc,
    dim_reconciliations.reconciliation,
    case items.side when 'expected' then 0 else 1 end
