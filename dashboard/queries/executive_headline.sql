-- One row: the latest day of the executive figures beside those of 30 days earlier.
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
)

select
    latest.as_of_date,
    latest.reporting_currency,
    latest.invoiced,
    latest.collected,
    latest.matched,
    latest.open,
    latest.overdue,
    latest.revenue_at_risk,
    latest.success_rate,
    latest.exceptions_open,
    latest.exceptions_in_sla,
    latest.exceptions_open - latest.exceptions_in_sla as exceptions_late,
    earlier.as_of_date as earlier_date,
    latest.invoiced - earlier.invoiced as invoiced_change,
    latest.collected - earlier.collected as collected_change,
    latest.matched - earlier.matched as matched_change,
    latest.open - earlier.open as open_change,
    latest.overdue - earlier.overdue as overdue_change,
    latest.revenue_at_risk - earlier.revenue_at_risk as revenue_at_risk_change
from latest
left join earlier on true
