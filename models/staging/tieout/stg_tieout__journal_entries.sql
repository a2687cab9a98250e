-- A view: the models that run after the seal must see the block and the run that were just written.
{{ config(materialized='view') }}

with

source as (

    select * from {{ source('tieout', 'journal_entries') }}

),

final as (

    select
        block,
        position,
        entry_type,
        subject_type,
        subject_id,
        actor,
        occurred_at,
        payload,
        source_hashes,
        entry_hash
    from source

)

select * from final
