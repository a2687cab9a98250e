-- In which run each item came, as it is now: a corrected record is a new fact.
with

items as (select * from {{ ref('int_items') }}),

batches as (select * from {{ ref('stg_tieout__batches') }}),

final as (
    select
        items.item_key,
        batches.run_sequence as known_in_run
    from items
    inner join batches
        on items.batch_id = batches.batch_id
)

select * from final
