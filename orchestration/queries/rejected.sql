-- Rows and files that could not be read and that nothing valid has replaced yet, per feed and reason,
-- the most frequent first. What a reason quotes of a row stands as "...".
with reasons as (
    select
        quarantine.feed,
        quarantine.is_file,
        regexp_replace(quarantine.reason, '"[^"]*"', '"..."', 'g') as reason
    from marts.fct_quarantine as quarantine
    where quarantine.resolved_by_batch_id is null
)

select
    reasons.feed,
    reasons.reason,
    count(*) as rejected,
    count(*) filter (reasons.is_file) as files,
    count(*) filter (not reasons.is_file) as rows
from reasons
group by reasons.feed, reasons.is_file, reasons.reason
order by reasons.is_file desc, rejected desc, reasons.feed, reasons.reason
