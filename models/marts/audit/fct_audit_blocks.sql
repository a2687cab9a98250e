{{ config(tags=['after_seal']) }}

with

blocks as (select * from {{ ref('stg_tieout__journal_blocks') }}),

final as (
    select
        cast(blocks.block as bigint) as block,
        blocks.run_id,
        blocks.sealed_at,
        cast(blocks.entry_count as bigint) as entry_count,
        blocks.root_hash,
        blocks.previous_hash,
        blocks.block_hash
    from blocks
)

select * from final
