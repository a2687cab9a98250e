-- Invariant 6. Guards: every open exception names an item that is listed.
-- Breaks when: ids are composed in two ways, or an item leaves a reconciliation and its exception
-- is not resolved. In silence, a reviewer would open a page with nothing on it.
{{ config(meta={'dagster': {'ref': {'name': 'fct_exceptions'}}}) }}

with

exceptions as (select * from {{ ref('fct_exceptions') }}),

items as (select * from {{ ref('fct_items') }}),

final as (
    select
        exceptions.exception_id,
        exceptions.reconciliation,
        exceptions.item_type,
        exceptions.item_id
    from exceptions
    left join items
        on
            exceptions.reconciliation = items.reconciliation
            and exceptions.item_type = items.item_type
            and exceptions.item_id = items.item_id
    where exceptions.status is distinct from 'resolved' and items.item_id is null
)

select * from final
