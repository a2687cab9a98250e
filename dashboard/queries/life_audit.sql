-- One row per sealed entry about $subjects (matches, exceptions, decisions), as it was sealed.
select
-- include: sealed_entry
from marts.fct_audit_log
left join marts.fct_audit_blocks
    on fct_audit_log.block = fct_audit_blocks.block
where list_contains(cast($subjects as varchar []), fct_audit_log.subject_id)
order by fct_audit_log.block, fct_audit_log.position
limit 100
