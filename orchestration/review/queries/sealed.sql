-- Which decisions the audit log holds, and what runs made of them.
with

found as materialized (
    select log.rowid as place
    from marts.fct_audit_log as log
    where
        log.entry_type = 'review_decision'
        and log.subject_id in (select unnest(cast($decision_ids as varchar [])))
),

decided as materialized (
    select
        log.subject_id as decision_id,
        log.block,
        log.occurred_at,
        json_extract_string(log.payload, '$.action') as action,
        json_extract_string(log.payload, '$.match_id') as match_id
    from marts.fct_audit_log as log
    where log.rowid in (select found.place from found)
)

select
    decided.decision_id,
    decided.block,
    decided.occurred_at,
    decided.action,
    decided.match_id,
    orders.outcome,
    orders.refusal_meaning,
    matches.decision as match_decision
from decided
left join marts.fct_orders as orders
    on decided.decision_id = orders.decision_id
left join marts.fct_matches as matches
    on decided.match_id = matches.match_id
