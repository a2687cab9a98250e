-- Matches, and whose order a match by hand is.
with

found as materialized (
    select matches.rowid as place
    from marts.fct_matches as matches
    where matches.match_id in (select unnest(cast($match_ids as varchar [])))
),

wanted as materialized (
    select matches.*
    from marts.fct_matches as matches
    where matches.rowid in (select found.place from found)
)

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
from wanted as matches
left join marts.fct_orders as orders
    on matches.match_id = orders.match_id
