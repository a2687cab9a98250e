-- Matches, and whose order a match by hand is.
select
    matches.match_id,
    matches.reconciliation,
    matches.rule_id,
    matches.decision,
    matches.explanation,
    matches.amount,
    matches.currency,
    matches.decided_by,
    matches.is_live,
    orders.actor as ordered_by
from marts.fct_matches as matches
left join marts.fct_orders as orders
    on matches.match_id = orders.match_id
where matches.match_id in (select unnest(cast($match_ids as varchar [])))
