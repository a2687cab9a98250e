-- One row: the executive figures of the latest day, and how they moved over its last 30 days.
-- What is invoiced, collected and matched flows day by day and is added up; what is open, overdue
-- and at risk is the state at the end of a day.
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
    where agg_executive_daily.as_of_date <= latest.as_of_date - 30
    order by agg_executive_daily.as_of_date desc nulls last
    limit 1
),

flows as (
    select
        sum(agg_executive_daily.invoiced) as invoiced,
        sum(agg_executive_daily.collected) as collected,
        sum(agg_executive_daily.matched) as matched,
        sum(agg_executive_daily.adjusted) as adjusted,
        sum(agg_executive_daily.invoiced) filter (is_recent) as invoiced_change,
        sum(agg_executive_daily.collected) filter (is_recent) as collected_change,
        sum(agg_executive_daily.matched) filter (is_recent) as matched_change
    from marts.agg_executive_daily
    cross join latest
    cross join lateral (
        select agg_executive_daily.as_of_date > latest.as_of_date - 30 as is_recent
    ) as recent
)

select
    latest.as_of_date,
    latest.currency,
    flows.invoiced,
    flows.collected,
    flows.matched,
    flows.adjusted,
    latest.open,
    latest.overdue,
    latest.revenue_at_risk,
    latest.success_rate,
    latest.as_of_date - 30 as earlier_date,
    flows.invoiced_change,
    flows.collected_change,
    flows.matched_change,
    latest.open - earlier.open as open_change,
    latest.overdue - earlier.overdue as overdue_change,
    latest.revenue_at_risk - earlier.revenue_at_risk as revenue_at_risk_change
from latest
cross join flows
left join earlier on true
