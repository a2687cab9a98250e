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
-- the same bytes may lie in two feeds; bank files bring bank transactions
left join marts.fct_batches
    on
        fct_quarantine.resolved_by_batch_id = fct_batches.batch_id
        and case
            when fct_quarantine.is_file then fct_quarantine.feed = fct_batches.feed
            else
                fct_batches.rows_loaded > 0
                and replace(fct_quarantine.feed, 'bank_statements', 'bank_transactions')
                = replace(fct_batches.feed, 'bank_statements', 'bank_transactions')
        end
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
