-- The newest run in the publication.
select
    runs.run_id,
    runs.as_of,
    runs.rows_in,
    runs.matches_made,
    runs.auto_closed,
    runs.exceptions_opened,
    runs.exceptions_resolved
from marts.fct_runs as runs
order by runs.as_of desc nulls last, runs.finished_at desc nulls last, runs.run_id
limit 1
