-- One row: in how many ways the chain of sealed blocks does not hold, as far as the published file
-- shows: numbers, links and the hashes of blocks. `tieout verify` recomputes the entries too.
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
)

select
    count(*) filter (blocks.block is distinct from blocks.block_before + 1)
    + count(*) filter (blocks.previous_hash is distinct from blocks.hash_before)
    + count(*) filter (blocks.block_hash is distinct from blocks.recomputed_hash) as faults,
    count(*) as blocks
from blocks
