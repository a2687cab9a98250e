-- One row per rejected row or file, unresolved and latest first. $state: unresolved | resolved | ''.
select
    fct_quarantine.feed,
    fct_quarantine.file_name,
    fct_quarantine.line_number,
    fct_quarantine.column_name,
    fct_quarantine.value,
    fct_quarantine.reason,
    fct_quarantine.is_file,
    fct_quarantine.quarantined_at,
    fct_quarantine.resolved_by_batch_id,
    fct_batches.file_name as resolved_by_file,
    fct_quarantine.batch_id,
    count(*) over () as row_count
from marts.fct_quarantine
left join marts.fct_batches
    on fct_quarantine.resolved_by_batch_id = fct_batches.batch_id
where
    case $state
        when 'unresolved' then fct_quarantine.resolved_by_batch_id is null
        when 'resolved' then fct_quarantine.resolved_by_batch_id is not null
        else true
    end
order by
    fct_quarantine.quarantined_at desc nulls last,
    fct_quarantine.feed,
    fct_quarantine.file_name,
    fct_quarantine.line_number nulls first,
    fct_quarantine.batch_id
limit $limit offset $offset
