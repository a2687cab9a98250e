-- One row per exception type that puts money at risk, one for all others together (`other`), and one
-- for all (`all`): unresolved cases, how many of them are late, and what they put at risk, which adds
-- up to the headline.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

types as (
    select
        fct_exceptions.exception_type,
        count(*) as exceptions,
        count(*) filter (fct_exceptions.severity in ('critical', 'high')) as severe,
        count(*) filter (fct_exceptions.sla_due_at < latest.as_of) as late,
        coalesce(sum(fct_exceptions.revenue_at_risk), 0) as revenue_at_risk
    from marts.fct_exceptions
    cross join latest
    where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
    group by fct_exceptions.exception_type
),

kinds as (
    select
        types.*,
        case when types.revenue_at_risk = 0 then 'other' else 'type' end as kind,
        case when types.revenue_at_risk <> 0 then types.exception_type end as shown_type
    from types
)

select
    case when grouping(kinds.kind) = 1 then 'all' else kinds.kind end as kind,
    kinds.shown_type as exception_type,
    sum(kinds.exceptions)::bigint as exceptions,
    sum(kinds.severe)::bigint as severe,
    sum(kinds.late)::bigint as late,
    sum(kinds.revenue_at_risk) as revenue_at_risk
from kinds
group by grouping sets ((kinds.kind, kinds.shown_type), ())
having count(*) > 0
order by
    grouping(kinds.kind),
    revenue_at_risk desc nulls last,
    exceptions desc,
    exception_type
