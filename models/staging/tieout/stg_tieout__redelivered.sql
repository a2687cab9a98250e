with

source as (

    select * from {{ source('tieout', 'redelivered') }}

),

final as (

    select
        batch_id,
        row_number,
        row_hash,
        run_sequence
    from source

)

select * from final
