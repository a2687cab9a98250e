-- A view: the models that run after the seal must see the block and the run that were just written.
{{ config(materialized='view') }}

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
