-- At most one row: an exception with its customer and how many others share its fingerprint.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
)

select
    fct_exceptions.*,
    date_diff(
        'minute', coalesce(fct_exceptions.resolved_at, latest.as_of), fct_exceptions.sla_due_at
    ) as sla_minutes_left,
    dim_customers.legal_name as customer,
    dim_customers.tier,
    (
        select count(*)
        from marts.fct_exceptions as alike
        where
            alike.fingerprint = fct_exceptions.fingerprint
            and alike.case_id <> fct_exceptions.case_id
            and alike.is_case_lead
            and alike.status <> 'resolved'
    ) as alike
from marts.fct_exceptions
cross join latest
left join marts.dim_customers
    on fct_exceptions.customer_id = dim_customers.customer_id
where fct_exceptions.exception_id = $exception
