-- One row: unresolved cases, and how many of them are past their deadline at the as of.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
)

select
    count(*) as exceptions_open,
    count(*) filter (fct_exceptions.sla_due_at < latest.as_of) as exceptions_late,
    count(*) - count(*) filter (fct_exceptions.sla_due_at < latest.as_of) as exceptions_in_sla
from marts.fct_exceptions
cross join latest
where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
