-- One row per unresolved case of a customer, the most urgent first.
select
    fct_exceptions.exception_id,
    fct_exceptions.exception_type,
    fct_exceptions.severity,
    fct_exceptions.status,
    fct_exceptions.detail,
    fct_exceptions.recommendation,
    fct_exceptions.currency,
    fct_exceptions.amount,
    count(*) over () as row_count
from marts.fct_exceptions
where
    fct_exceptions.customer_id = $customer
    and fct_exceptions.is_case_lead
    and fct_exceptions.status <> 'resolved'
order by fct_exceptions.priority_score desc nulls last, fct_exceptions.exception_id
limit $limit
