-- One row per event in the lives of $item_ids, in order, with the file that it came in.
select
    fct_record_trace.item_type,
    fct_record_trace.item_id,
    fct_record_trace.position,
    fct_record_trace.occurred_at,
    fct_record_trace.event,
    fct_record_trace.detail,
    fct_record_trace.run_id
from marts.fct_record_trace
where list_contains(cast($item_ids as varchar []), fct_record_trace.item_id)
order by
    fct_record_trace.occurred_at,
    fct_record_trace.item_type,
    fct_record_trace.item_id,
    fct_record_trace.position
limit 400
