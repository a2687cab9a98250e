-- One row per landed file, the latest first; the last 25 (of one feed, unless $feed is empty).
select
    fct_batches.batch_id,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.format,
    fct_batches.landed_at,
    fct_batches.ingested_at,
    fct_batches.rows_read,
    fct_batches.rows_loaded,
    fct_batches.rows_redelivered,
    fct_batches.rows_quarantined,
    fct_batches.is_backfill,
    fct_batches.control_total_ok
from marts.fct_batches
where $feed = '' or fct_batches.feed = $feed
order by
    fct_batches.landed_at desc nulls last,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.batch_id
limit 25
