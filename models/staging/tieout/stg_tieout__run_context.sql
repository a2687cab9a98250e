with

source as (

    select * from {{ source('tieout', 'run_context') }}

),

final as (

    select
        run_id,
        run_sequence,
        as_of,
        reporting_currency,
        started_at,
        trigger,
        engine
    from source

)

select * from final
