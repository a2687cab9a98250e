-- The sealed journal: how long the chain is, and its head.
select
    count(*) as blocks,
    coalesce(sum(blocks.entry_count), 0) as entries,
    max_by(blocks.block_hash, blocks.block) as head,
    max(blocks.sealed_at) as sealed_at
from marts.fct_audit_blocks as blocks
