-- One row per trigger: what its runs of the last 28 days read and matched, and at which cost.
with

published as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

recent as (
    select fct_runs.*
    from marts.fct_runs
    cross join published
    where fct_runs.as_of > published.as_of - interval 28 days
)

select
    recent."trigger" as started_by,
    count(*) as runs,
    sum(recent.rows_in) as rows_in,
    sum(recent.matches_made) as matches_made,
    sum(recent.matches_made) / nullif(sum(sum(recent.matches_made)) over (), 0) as share_of_matches,
    median(recent.seconds) as usual_seconds,
    -- a run that matched nothing has cost its time, too
    sum(recent.seconds::double * recent.price_per_hour::double)
    / 3600 / nullif(sum(recent.matches_made), 0) as cost_per_match,
    max(recent.cost_currency) as currency
from recent
group by recent."trigger"
order by matches_made desc, started_by
