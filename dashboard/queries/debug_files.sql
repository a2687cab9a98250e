-- One row per landed file, what is wrong with it first, then the newest.
select
    fct_batches.batch_id,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.format,
    fct_batches.landed_at,
    fct_batches.rows_read,
    fct_batches.rows_loaded,
    fct_batches.rows_redelivered,
    fct_batches.rows_quarantined,
    fct_batches.is_rejected,
    fct_batches.is_backfill,
    fct_batches.control_total,
    fct_batches.control_total_ok,
    fct_batches.naive_timestamps,
    fct_batches.double_amounts,
    fct_batches.conflicting_versions,
    count(*) over () as row_count
from marts.fct_batches
where
    ($feed = '' or fct_batches.feed = $feed)
    and (
        $state = ''
        or $state = 'rejected' and fct_batches.is_rejected
        or $state = 'refused_rows' and fct_batches.rows_quarantined > 0
        or $state = 'broken_total' and not fct_batches.control_total_ok
        or $state = 'doubtful' and (
            fct_batches.naive_timestamps > 0
            or fct_batches.double_amounts > 0
            or fct_batches.conflicting_versions > 0
        )
    )
order by
    fct_batches.is_rejected desc,
    coalesce(fct_batches.control_total_ok, true),
    fct_batches.landed_at desc,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.batch_id
limit $limit offset $offset
