-- Open cases by their lead, as the queue counts them.
with published_run as (
    select as_of
    from marts.fct_runs
    order by run_sequence desc
    limit 1
)
select
    fct_exceptions.reconciliation,
    fct_exceptions.root_cause,
    fct_exceptions.severity,
    count(*) as cases,
    count(*) filter (where fct_exceptions.sla_due_at < published_run.as_of) as late,
    sum(fct_exceptions.revenue_at_risk) as revenue_at_risk
from marts.fct_exceptions
cross join published_run
where fct_exceptions.is_case_lead
    and fct_exceptions.status <> 'resolved'
group by
    fct_exceptions.reconciliation,
    fct_exceptions.root_cause,
    fct_exceptions.severity
