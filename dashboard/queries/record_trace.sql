-- One row per event in the life of an item, in order.
select
    fct_record_trace.position,
    fct_record_trace.occurred_at,
    fct_record_trace.event,
    fct_record_trace.detail,
    fct_record_trace.run_id
from marts.fct_record_trace
where
    fct_record_trace.item_type = $item_type
    and fct_record_trace.item_id = $item_id
order by fct_record_trace.position
limit 200
