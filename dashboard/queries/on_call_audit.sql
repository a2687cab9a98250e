-- One row: whether the chain of sealed blocks holds as far as the published file can show.
-- Numbering, links and block hashes are recomputed here by the recipe of the output contract;
-- entry hashes and Merkle roots are what `tieout verify` recomputes.
with entries as (
    select
        fct_audit_log.block,
        count(*) as entries,
        max(fct_audit_log.position) as last_position
    from marts.fct_audit_log
    group by fct_audit_log.block
),

-- include: audit_blocks

select
    count(*) as blocks,
    coalesce(sum(blocks.entry_count), 0) as entries,
    max(blocks.sealed_at) as sealed_at,
    max_by(blocks.block_hash, blocks.block) as head,
    count(*) filter (blocks.block is distinct from blocks.block_before + 1) as gaps,
    count(*) filter (blocks.previous_hash is distinct from blocks.hash_before) as broken_links,
    count(*) filter (blocks.block_hash is distinct from blocks.recomputed_hash) as wrong_hashes,
    count(*) filter (
        blocks.entry_count is distinct from coalesce(entries.entries, 0)
        or coalesce(entries.last_position, 0) is distinct from coalesce(entries.entries, 0)
    ) as wrong_counts,
    (
        select count(*)
        from marts.fct_audit_log
        anti join marts.fct_audit_blocks
            on fct_audit_log.block = fct_audit_blocks.block
    ) as orphans
from blocks
left join entries on blocks.block = entries.block
