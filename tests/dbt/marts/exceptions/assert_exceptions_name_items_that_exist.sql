-- Invariant 6. Guards: every open exception names an item that is listed, and every resolved one an
-- item that is listed or a record that landed: what it was about may be listed no longer, as a bank
-- entry of which a notification brought the details, or a line of an account that is not booked.
-- Breaks when: ids are composed in two ways, or an item leaves a reconciliation and its exception
-- is not resolved. In silence, a reviewer would open a page with nothing on it.
{#- records that have landed stay -#}
{%- set kept = {
    'by': 'exception_id',
    'read': {
        'fct_exceptions': 'exception_id',
        'fct_items': {
            'item_id': 'select item_id from marts.fct_exceptions '
            'where exception_id in (from touched)',
        },
        'stg_tieout__landed_records': {
            'record_key': 'select item_id from marts.fct_exceptions '
            'where exception_id in (from touched)',
        },
    },
    'asked': 'select exception_id from marts.fct_exceptions where item_id in '
    "(select item_id from changes.fct_items where change = 'went')",
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_exceptions'}}}) }}

with

exceptions as (select * from {{ ref('fct_exceptions') }}),

items as (select * from {{ ref('fct_items') }}),

-- of these few, before all records are looked at
unlisted as {{ materialized() }} (
    select
        exceptions.exception_id,
        exceptions.reconciliation,
        exceptions.item_type,
        exceptions.item_id,
        exceptions.status
    from exceptions
    left join items
        on
            exceptions.reconciliation = items.reconciliation
            and exceptions.item_type = items.item_type
            and exceptions.item_id = items.item_id
    where items.item_id is null
),

records as (
    select distinct landed_records.record_key
    from {{ ref('stg_tieout__landed_records') }} as landed_records
    where landed_records.record_key in (select unlisted.item_id from unlisted)
),

final as (
    select unlisted.*
    from unlisted
    left join records
        on unlisted.item_id = records.record_key
    where unlisted.status is distinct from 'resolved' or records.record_key is null
)

select * from final
