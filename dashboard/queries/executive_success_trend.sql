-- One row per date: the success rate and its target, over the last 180 days.
with daily as (
    select
        agg_executive_daily.as_of_date,
        agg_executive_daily.success_rate,
        agg_executive_daily.exceptions_open,
        agg_executive_daily.exceptions_in_sla,
        max(agg_executive_daily.as_of_date) over () as last_date
    from marts.agg_executive_daily
)

select
    daily.as_of_date,
    daily.success_rate,
    daily.exceptions_open,
    daily.exceptions_in_sla
from daily
where daily.as_of_date > daily.last_date - 180 and daily.success_rate is not null
order by daily.as_of_date
