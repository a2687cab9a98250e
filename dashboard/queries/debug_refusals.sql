-- One row per way in which rows or files are refused: feed, column and reason, the value left out.
with reasons as (
    select
        fct_quarantine.*,
        regexp_replace(fct_quarantine.reason, '"[^"]*"', '“…”', 'g') as kind_of_reason
    from marts.fct_quarantine
)

select
    reasons.feed,
    reasons.column_name,
    reasons.kind_of_reason,
    reasons.is_file,
    count(*) as refused,
    count_if(reasons.resolved_by_batch_id is null) as unresolved,
    count(distinct reasons.batch_id) as files,
    min(reasons.quarantined_at) as first_at,
    max(reasons.quarantined_at) as last_at,
    arg_max(reasons.value, reasons.quarantined_at) as sample_value
from reasons
where $feed = '' or reasons.feed = $feed
group by reasons.feed, reasons.column_name, reasons.kind_of_reason, reasons.is_file
order by unresolved desc, refused desc, reasons.feed, reasons.column_name, reasons.kind_of_reason
limit 100
