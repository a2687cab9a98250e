-- One row per exception of a case, its lead first.
select
    fct_exceptions.exception_id,
    fct_exceptions.is_case_lead,
    fct_exceptions.exception_type,
    fct_exceptions.status,
    fct_exceptions.item_type,
    fct_exceptions.item_id,
    fct_exceptions.currency,
    fct_exceptions.amount,
    fct_exceptions.detail
from marts.fct_exceptions
where fct_exceptions.case_id = $case
order by
    fct_exceptions.is_case_lead desc,
    case fct_exceptions.status when 'resolved' then 1 else 0 end,
    abs(fct_exceptions.base_amount) desc nulls last,
    fct_exceptions.exception_id
