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
