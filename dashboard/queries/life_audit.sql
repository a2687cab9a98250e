-- One row per sealed entry about $subjects (matches, exceptions, decisions), as it was sealed.
select
    fct_audit_log.block,
    fct_audit_log.position,
    fct_audit_log.entry_type,
    fct_audit_log.subject_type,
    fct_audit_log.subject_id,
    fct_audit_log.actor,
    fct_audit_log.occurred_at,
    fct_audit_log.payload,
    fct_audit_log.source_hashes,
    fct_audit_log.entry_hash,
    fct_audit_blocks.run_id,
    fct_audit_blocks.entry_count
from marts.fct_audit_log
left join marts.fct_audit_blocks
    on fct_audit_log.block = fct_audit_blocks.block
where list_contains(cast($subjects as varchar []), fct_audit_log.subject_id)
order by fct_audit_log.block, fct_audit_log.position
limit 100
