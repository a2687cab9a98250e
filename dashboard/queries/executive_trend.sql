-- One row per day of the last 90: what is overdue, and the queue since the first run.
with latest as (
    select max(agg_executive_daily.as_of_date) as last_date
    from marts.agg_executive_daily
),

first_run as (
    select min(fct_runs.as_of)::date as first_date
    from marts.fct_runs
)

select
    agg_executive_daily.as_of_date,
    agg_executive_daily.currency,
    agg_executive_daily.overdue,
    case
        when agg_executive_daily.as_of_date >= first_run.first_date
            then agg_executive_daily.exceptions_open
    end as exceptions_open
from marts.agg_executive_daily
cross join latest
cross join first_run
where agg_executive_daily.as_of_date > latest.last_date - 90
order by agg_executive_daily.as_of_date
