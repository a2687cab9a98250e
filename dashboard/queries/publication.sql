-- One row: what the published file speaks for. The run that published it is the latest one.
with runs as (
    select
        fct_runs.run_id,
        fct_runs.as_of,
        fct_runs.finished_at
    from marts.fct_runs
    order by fct_runs.as_of desc nulls last, fct_runs.finished_at desc nulls last, fct_runs.run_id
    limit 1
),

executive as (
    select max(agg_executive_daily.currency) as reporting_currency
    from marts.agg_executive_daily
)

select
    runs.run_id,
    runs.as_of,
    runs.finished_at,
    executive.reporting_currency
from executive
left join runs on true
