-- One row per period, the latest first: whether it is over, and how many checks block it.
with latest as (
    select max(fct_runs.as_of)::date as as_of_date
    from marts.fct_runs
)

select
    agg_period_close.period_start,
    agg_period_close.period_end,
    coalesce(agg_period_close.period_end < latest.as_of_date, false) as is_over,
    count(*) filter (agg_period_close.status = 'blocks') as blocking
from marts.agg_period_close
cross join latest
group by agg_period_close.period_start, agg_period_close.period_end, latest.as_of_date
order by agg_period_close.period_start desc
