-- Which decisions the audit log holds, and what runs made of them.
select
    log.subject_id as decision_id,
    log.block,
    log.occurred_at,
    orders.outcome,
    orders.refusal_meaning,
    json_extract_string(log.payload, '$.action') as action,
    json_extract_string(log.payload, '$.match_id') as match_id,
    matches.decision as match_decision
from marts.fct_audit_log as log
left join marts.fct_orders as orders
    on log.subject_id = orders.decision_id
left join marts.fct_matches as matches
    on json_extract_string(log.payload, '$.match_id') = matches.match_id
where
    log.entry_type = 'review_decision'
    and log.subject_id in (select unnest(cast($decision_ids as varchar [])))
