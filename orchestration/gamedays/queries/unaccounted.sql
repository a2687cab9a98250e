-- One row per delivery whose rows are not all loaded, told again or in quarantine.
select
    batches.feed,
    batches.file_name,
    batches.rows_read,
    batches.rows_loaded + batches.rows_redelivered + batches.rows_quarantined as rows_told
from marts.fct_batches as batches
where
    not batches.is_rejected
    and batches.rows_read
    <> batches.rows_loaded + batches.rows_redelivered + batches.rows_quarantined
order by batches.feed, batches.file_name
