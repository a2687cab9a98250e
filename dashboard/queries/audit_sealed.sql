-- One row per sealed block, the newest first.
select
    fct_audit_blocks.block,
    fct_audit_blocks.run_id,
    fct_audit_blocks.sealed_at,
    fct_audit_blocks.entry_count,
    fct_audit_blocks.block_hash,
    count(*) over () as row_count
from marts.fct_audit_blocks
order by fct_audit_blocks.block desc
limit $limit
