-- What came in with the newest run, per feed: files, and what became of their rows.
with newest as (
    select max(runs.as_of) as as_of
    from marts.fct_runs as runs
)

select
    batches.feed,
    count(*) as files,
    sum(batches.rows_read) as rows_read,
    sum(batches.rows_loaded) as rows_loaded,
    sum(batches.rows_redelivered) as rows_redelivered,
    sum(batches.rows_quarantined) as rows_quarantined
from marts.fct_batches as batches
inner join newest
    on batches.ingested_at = newest.as_of
group by batches.feed
order by batches.feed
