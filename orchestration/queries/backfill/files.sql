-- The files that a run has taken in, with the days that their rows speak of.
select
    batches.feed,
    batches.file_name,
    cast(batches.min_event_at as date) as first_day,
    cast(batches.max_event_at as date) as last_day,
    batches.rows_read,
    batches.rows_loaded,
    batches.rows_redelivered,
    batches.rows_quarantined
from after.marts.fct_batches as batches
where
    not exists (
        select 1
        from before.marts.fct_batches as known
        where known.feed = batches.feed and known.batch_id = batches.batch_id
    )
order by batches.feed, batches.file_name, batches.batch_id
