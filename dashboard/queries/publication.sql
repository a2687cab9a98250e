-- One row: what the published file speaks for. The run that published it is the latest one.
with runs as (
    select
        fct_runs.run_id,
        fct_runs.as_of,
        fct_runs.started_at,
        fct_runs.finished_at
    from marts.fct_runs
    order by fct_runs.as_of desc nulls last, fct_runs.finished_at desc nulls last, fct_runs.run_id
    limit 1
),

executive as (
    select max(agg_executive_daily.currency) as reporting_currency
    from marts.agg_executive_daily
),

files as (
    select
        count(*) filter (fct_batches.control_total_ok is not null) as control_totals,
        count(*) filter (fct_batches.control_total_ok = false) as control_totals_broken
    from marts.fct_batches
)

select
    runs.run_id,
    runs.as_of,
    runs.started_at,
    runs.finished_at,
    executive.reporting_currency,
    files.control_totals,
    files.control_totals_broken
from executive
cross join files
left join runs on true
