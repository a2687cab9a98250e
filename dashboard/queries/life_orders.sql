-- One row per order of a person that names one of $matches or $item_ids.
select
    fct_orders.decision_id,
    fct_orders.action,
    fct_orders.actor,
    fct_orders.approved_by,
    fct_orders.decided_at,
    fct_orders.items,
    fct_orders.comment,
    fct_orders.match_id,
    fct_orders.outcome,
    coalesce(fct_orders.refusal_meaning, fct_orders.refusal) as refusal
from marts.fct_orders
where
    list_contains(cast($matches as varchar []), fct_orders.match_id)
    or exists (
        select 1
        from (select unnest(cast($item_ids as varchar [])) as item_id) as named
        where contains(fct_orders.items, '"' || named.item_id || '"')
    )
order by fct_orders.decided_at, fct_orders.decision_id
limit 100
