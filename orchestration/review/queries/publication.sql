-- The run that the publication shows, and the currency that it reports in.
select
    runs.run_id,
    runs.as_of,
    runs.finished_at,
    (select max(daily.currency) from marts.agg_executive_daily as daily) as reporting_currency
from marts.fct_runs as runs
order by runs.as_of desc, runs.finished_at desc
limit 1
