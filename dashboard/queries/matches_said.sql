-- One row per sealed entry about a match: closed, undone, and what people said of it.
select
    fct_audit_log.occurred_at,
    fct_audit_log.entry_type,
    fct_audit_log.actor,
    json_extract_string(fct_audit_log.payload, '$.action') as action,
    json_extract_string(fct_audit_log.payload, '$.comment') as comment,
    json_extract_string(fct_audit_log.payload, '$.reason') as reason,
    fct_audit_log.block,
    fct_audit_log.position
from marts.fct_audit_log
where
    fct_audit_log.subject_id = $match
    or (
        fct_audit_log.entry_type = 'review_decision'
        and contains(fct_audit_log.payload, $match)
    )
order by fct_audit_log.block, fct_audit_log.position
limit 100
