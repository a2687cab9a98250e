-- One row per published run, the latest first; the last twenty.
select
    fct_runs.run_id,
    fct_runs.as_of,
    fct_runs.started_at,
    fct_runs.finished_at,
    fct_runs."trigger" as started_by,
    fct_runs.rows_in,
    fct_runs.matches_made,
    fct_runs.auto_closed,
    fct_runs.exceptions_opened,
    fct_runs.exceptions_resolved,
    fct_runs.seconds
from marts.fct_runs
order by fct_runs.as_of desc nulls last, fct_runs.finished_at desc nulls last, fct_runs.run_id
limit 20
