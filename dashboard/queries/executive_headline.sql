-- One row: the executive figures of the latest day and of a week before. What is invoiced, collected
-- and matched flows day by day and is added up; what is open, overdue and at risk is the state at
-- the end of a day. Cases are known from the first run on: before, there is nothing to compare with.
with latest as (
    select *
    from marts.agg_executive_daily
    order by agg_executive_daily.as_of_date desc nulls last
    limit 1
),

earlier as (
    select agg_executive_daily.*
    from marts.agg_executive_daily
    cross join latest
    where agg_executive_daily.as_of_date <= latest.as_of_date - 7
    order by agg_executive_daily.as_of_date desc nulls last
    limit 1
),

first_run as (
    select min(fct_runs.as_of)::date as first_date
    from marts.fct_runs
),

flows as (
    select
        sum(agg_executive_daily.invoiced) as invoiced,
        sum(agg_executive_daily.collected) as collected,
        sum(agg_executive_daily.matched) as matched,
        sum(agg_executive_daily.adjusted) as adjusted,
        min(agg_executive_daily.as_of_date) as first_date
    from marts.agg_executive_daily
)

select
    latest.as_of_date,
    latest.currency,
    flows.first_date,
    flows.invoiced,
    flows.collected,
    flows.matched,
    flows.adjusted,
    latest.open,
    latest.overdue,
    latest.revenue_at_risk,
    latest.as_of_date - 7 as earlier_date,
    latest.open - earlier.open as open_change,
    latest.overdue - earlier.overdue as overdue_change,
    case
        when first_run.first_date <= earlier.as_of_date
            then latest.revenue_at_risk - earlier.revenue_at_risk
    end as revenue_at_risk_change,
    case
        when first_run.first_date <= earlier.as_of_date
            then latest.exceptions_open - earlier.exceptions_open
    end as exceptions_change,
    latest.overdue::double / nullif(latest.open, 0)::double as overdue_share
from latest
cross join flows
cross join first_run
left join earlier on true
