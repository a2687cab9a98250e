-- One row: whether the chain of sealed blocks holds as far as the published file can show.
-- Numbering, links and block hashes are recomputed here by the recipe of the output contract;
-- entry hashes and Merkle roots are what `tieout verify` recomputes.
with blocks as (
    select
        fct_audit_blocks.*,
        lag(fct_audit_blocks.block, 1, 0) over (order by fct_audit_blocks.block) as block_before,
        lag(fct_audit_blocks.block_hash, 1, repeat('0', 64))
            over (order by fct_audit_blocks.block) as hash_before,
        sha256(
            concat_ws(
                chr(10),
                fct_audit_blocks.previous_hash,
                fct_audit_blocks.root_hash,
                concat(
                    '{"block":"', fct_audit_blocks.block,
                    '","entry_count":"', fct_audit_blocks.entry_count,
                    '","run_id":"', fct_audit_blocks.run_id,
                    '","sealed_at":"',
                    strftime(fct_audit_blocks.sealed_at, '%Y-%m-%dT%H:%M:%S.%f'), 'Z"}'
                )
            )
        ) as recomputed_hash
    from marts.fct_audit_blocks
),

entries as (
    select
        fct_audit_log.block,
        count(*) as entries,
        max(fct_audit_log.position) as last_position
    from marts.fct_audit_log
    group by fct_audit_log.block
)

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
