with

source as (

    select * from {{ source('tieout', 'runs') }}

),

final as (

    select
        run_id,
        run_sequence,
        as_of,
        started_at,
        finished_at,
        trigger,
        engine,
        rows_in,
        seconds
    from source

)

select * from final
