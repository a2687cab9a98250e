-- One row per exception of an item, unresolved ones first.
select
    fct_exceptions.exception_id,
    fct_exceptions.reconciliation,
    fct_exceptions.exception_type,
    fct_exceptions.severity,
    fct_exceptions.status,
    fct_exceptions.currency,
    fct_exceptions.amount,
    fct_exceptions.opened_at,
    fct_exceptions.resolved_at,
    fct_exceptions.resolution
from marts.fct_exceptions
where
    fct_exceptions.item_type = $item_type
    and fct_exceptions.item_id = $item_id
order by
    case fct_exceptions.status when 'resolved' then 1 else 0 end,
    fct_exceptions.opened_at desc nulls last,
    fct_exceptions.exception_id
