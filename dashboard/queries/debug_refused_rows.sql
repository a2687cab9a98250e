-- One row per refused row or file of one kind (feed, column, reason without its values), or of one
-- file; the newest first.
select
    fct_quarantine.batch_id,
    fct_quarantine.feed,
    fct_quarantine.file_name,
    fct_quarantine.line_number,
    fct_quarantine.column_name,
    fct_quarantine.value,
    fct_quarantine.reason,
    fct_quarantine.row_key,
    fct_quarantine.is_file,
    fct_quarantine.quarantined_at,
    fct_quarantine.resolved_by_batch_id,
    count(*) over () as row_count
from marts.fct_quarantine
where
    ($batch = '' or fct_quarantine.batch_id = $batch)
    and ($feed = '' or fct_quarantine.feed = $feed)
    and (
        $reason = ''
        or regexp_replace(fct_quarantine.reason, '"[^"]*"', '“…”', 'g') = $reason
    )
order by
    fct_quarantine.quarantined_at desc,
    fct_quarantine.feed,
    fct_quarantine.file_name,
    fct_quarantine.line_number,
    fct_quarantine.batch_id
limit 20
