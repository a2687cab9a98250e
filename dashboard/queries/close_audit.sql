-- One row: in how many ways the chain of sealed blocks does not hold, as far as the published file
-- shows: numbers, links and the hashes of blocks. `tieout verify` recomputes the entries too.
with
-- include: audit_blocks

select
    count(*) filter (blocks.block is distinct from blocks.block_before + 1)
    + count(*) filter (blocks.previous_hash is distinct from blocks.hash_before)
    + count(*) filter (blocks.block_hash is distinct from blocks.recomputed_hash) as faults,
    count(*) as blocks
from blocks
