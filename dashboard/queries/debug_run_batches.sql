-- One row per file that a run read, rejected ones first, then the largest.
select
    fct_batches.batch_id,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.rows_read,
    fct_batches.rows_loaded,
    fct_batches.rows_quarantined
from marts.fct_batches
inner join marts.fct_runs
    on fct_batches.run_sequence = fct_runs.run_sequence
where fct_runs.run_id = $run
order by
    fct_batches.is_rejected desc,
    fct_batches.rows_quarantined desc,
    fct_batches.rows_read desc,
    fct_batches.feed,
    fct_batches.batch_id
limit 100
