-- One row per kind of unresolved case: what is wrong and why, how many, how much, how urgent.
-- $pending: cases with a decision that waits for the next run; they are counted apart.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
)

select
    fct_exceptions.exception_type,
    fct_exceptions.root_cause,
    min(fct_exceptions.who_acts) as who_acts,
    count(*) as cases,
    count(*) filter (fct_exceptions.sla_due_at < latest.as_of) as late,
    count(*) filter (list_contains(cast($pending as varchar []), fct_exceptions.case_id))
        as decided,
    sum(abs(fct_exceptions.base_amount)) as base_amount,
    sum(fct_exceptions.revenue_at_risk) as revenue_at_risk,
    sum(fct_exceptions.priority_score) as priority
from marts.fct_exceptions
cross join latest
where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
group by fct_exceptions.exception_type, fct_exceptions.root_cause
order by
    priority desc nulls last,
    cases desc,
    fct_exceptions.exception_type,
    fct_exceptions.root_cause
