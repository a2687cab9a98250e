-- One row per decision of a person that a run has sealed, as it was sealed.
-- $run_id: the run.
select
    fct_audit_log.subject_id as decision_id,
    fct_audit_log.actor,
    fct_audit_log.payload
from marts.fct_audit_log
inner join marts.fct_audit_blocks
    on fct_audit_log.block = fct_audit_blocks.block
where fct_audit_log.entry_type = 'review_decision' and fct_audit_blocks.run_id = $run_id
order by fct_audit_log.block, fct_audit_log.position
