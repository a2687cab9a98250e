-- One row per sealed decision of a person, as it was sealed.
select
    fct_audit_log.subject_id as decision_id,
    fct_audit_log.actor,
    fct_audit_log.payload
from marts.fct_audit_log
where fct_audit_log.entry_type = 'review_decision'
order by fct_audit_log.block, fct_audit_log.position
