-- `blocks`: each sealed block beside the one before it, and its hash by the output contract's recipe.
blocks as (
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
