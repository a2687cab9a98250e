-- One row per exception of $item_ids, in order of opening.
select
    fct_exceptions.exception_id,
    fct_exceptions.reconciliation,
    fct_exceptions.exception_type,
    fct_exceptions.root_cause,
    fct_exceptions.item_type,
    fct_exceptions.item_id,
    fct_exceptions.severity,
    fct_exceptions.status,
    fct_exceptions.currency,
    fct_exceptions.amount,
    fct_exceptions.opened_at,
    fct_exceptions.sla_due_at,
    fct_exceptions.resolved_at,
    fct_exceptions.resolution,
    fct_exceptions.resolved_by,
    fct_exceptions.assigned_to,
    fct_exceptions.last_comment,
    fct_exceptions.candidate_match_ids,
    fct_exceptions.detail,
    fct_exceptions.recommendation
from marts.fct_exceptions
where list_contains(cast($item_ids as varchar []), fct_exceptions.item_id)
order by fct_exceptions.opened_at, fct_exceptions.exception_id
limit 100
