-- A view: the models that run after the seal must see the block and the run that were just written.
{{ config(materialized='view') }}

with

source as (

    select * from {{ source('tieout', 'journal_blocks') }}

),

final as (

    select
        block,
        run_id,
        sealed_at,
        entry_count,
        root_hash,
        previous_hash,
        block_hash
    from source

)

select * from final
