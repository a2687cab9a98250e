-- One row per sealed entry about a match: closed, undone, and what people said of it.
with about as (
    select
        fct_audit_log.block,
        fct_audit_log.position,
        fct_audit_log.entry_type,
        fct_audit_log.actor,
        fct_audit_log.occurred_at,
        fct_audit_log.payload
    from marts.fct_audit_log
    where fct_audit_log.subject_id = $match
    union all
    select
        fct_audit_log.block,
        fct_audit_log.position,
        fct_audit_log.entry_type,
        fct_audit_log.actor,
        fct_audit_log.occurred_at,
        fct_audit_log.payload
    from marts.fct_audit_log
    where
        fct_audit_log.entry_type = 'review_decision'
        and fct_audit_log.subject_id <> $match
        and contains(fct_audit_log.payload, $match)
)

select
    about.occurred_at,
    about.entry_type,
    about.actor,
    json_extract_string(about.payload, '$.action') as action,
    json_extract_string(about.payload, '$.comment') as comment,
    json_extract_string(about.payload, '$.reason') as reason,
    about.block,
    about.position
from about
order by about.block, about.position
limit 100
