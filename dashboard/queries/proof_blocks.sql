-- One row per sealed block, ascending.
select
    fct_audit_blocks.block,
    fct_audit_blocks.run_id,
    fct_audit_blocks.sealed_at,
    fct_audit_blocks.entry_count,
    fct_audit_blocks.root_hash,
    fct_audit_blocks.previous_hash,
    fct_audit_blocks.block_hash
from marts.fct_audit_blocks
order by fct_audit_blocks.block
