-- One row per exception type: what unresolved cases put at risk, in the reporting currency.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
)

select
    fct_exceptions.exception_type,
    count(*) as exceptions,
    count(*) filter (fct_exceptions.severity in ('critical', 'high')) as severe,
    count(*) filter (fct_exceptions.sla_due_at < latest.as_of) as late,
    sum(abs(fct_exceptions.base_amount)) as base_amount
from marts.fct_exceptions
cross join latest
where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
group by fct_exceptions.exception_type
order by base_amount desc nulls last, exceptions desc, fct_exceptions.exception_type
