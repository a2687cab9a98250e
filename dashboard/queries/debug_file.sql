-- One row per feed of one batch, with the run that read it.
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
    fct_batches.min_event_at,
    fct_batches.max_event_at,
    fct_batches.is_rejected,
    fct_batches.is_backfill,
    fct_batches.control_total,
    fct_batches.control_total_ok,
    fct_batches.naive_timestamps,
    fct_batches.double_amounts,
    fct_batches.conflicting_versions,
    fct_runs.run_id
from marts.fct_batches
left join marts.fct_runs
    on fct_batches.run_sequence = fct_runs.run_sequence
where fct_batches.batch_id = $batch
order by fct_batches.feed
