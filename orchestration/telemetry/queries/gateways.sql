select
    split_part(item_id, '/', 1) as gateway,
    epoch(max(event_date)) as event_at,
    count(*) filter (where status in ('open', 'partial')) as open_items
from marts.fct_items
where reconciliation = 'gateway_to_payout'
    and side = 'expected'
    and set_aside_reason is null
group by split_part(item_id, '/', 1)
