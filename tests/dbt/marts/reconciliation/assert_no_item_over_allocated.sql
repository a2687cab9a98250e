-- Invariant 3. Guards: the live matches of one reconciliation close no more of an item than there
-- is, in the item's own direction, and exactly what fct_items says; an item that is set aside is in
-- none of them, nor in a live match of a reconciliation that it was taken from.
-- Breaks when: two passes of one run take the same item, a sealed match and a new one overlap, or a
-- match outlives the record that it was made from. In silence, one payment would settle two
-- invoices.
{%- set kept = {
    'by': ['item_type', 'item_id'],
    'read': {
        'fct_items': ['item_type', 'item_id'],
        'fct_match_allocations': ['item_type', 'item_id'],
        'fct_matches': {
            'match_id': 'select match_id from marts.fct_match_allocations '
            'where (item_type, item_id) in (from touched)',
        },
    },
    'asked': 'select item_type, item_id from marts.fct_match_allocations where match_id in '
    '(select match_id from changes.fct_matches where is_live)',
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_items'}}}) }}

with

items as (select * from {{ ref('fct_items') }}),

live_allocations as (
    select allocations.*
    from {{ ref('fct_match_allocations') }} as allocations
    inner join {{ ref('fct_matches') }} as matches
        on allocations.match_id = matches.match_id
    where matches.is_live
),

closed as (
    select
        live_allocations.reconciliation,
        live_allocations.item_type,
        live_allocations.item_id,
        count(*) as match_count,
        sum(live_allocations.allocated_amount) as allocated_amount,
        sum(live_allocations.adjusted_amount) as adjusted_amount
    from live_allocations
    group by
        live_allocations.reconciliation,
        live_allocations.item_type,
        live_allocations.item_id
),

compared as (
    select
        coalesce(items.reconciliation, closed.reconciliation) as reconciliation,
        coalesce(items.item_type, closed.item_type) as item_type,
        coalesce(items.item_id, closed.item_id) as item_id,
        items.item_id is not null as is_listed,
        items.status,
        items.amount,
        items.allocated_amount,
        items.adjusted_amount,
        coalesce(closed.match_count, 0) as match_count,
        coalesce(closed.allocated_amount, {{ zero() }}) as allocated_by_matches,
        coalesce(closed.adjusted_amount, {{ zero() }}) as adjusted_by_matches
    from items
    full outer join closed
        on
            items.reconciliation = closed.reconciliation
            and items.item_type = closed.item_type
            and items.item_id = closed.item_id
),

failures as (
    select
        compared.*,
        case
            when not compared.is_listed then 'a live match holds an item that is not listed'
            when coalesce(compared.status, '') = 'set_aside' and compared.match_count > 0
                then 'a live match holds an item that is set aside'
            when
                (compared.allocated_amount is distinct from compared.allocated_by_matches)
                or (compared.adjusted_amount is distinct from compared.adjusted_by_matches)
                then 'the balance is not what the live matches say'
            when
                abs(compared.allocated_by_matches + compared.adjusted_by_matches)
                > abs(compared.amount)
                then 'live matches close more than there is'
            when
                sign(compared.allocated_by_matches + compared.adjusted_by_matches)
                = -sign(compared.amount)
                and compared.amount <> {{ zero() }}
                then 'live matches close it in the wrong direction'
        end as failure
    from compared
),

final as (
    select *
    from failures
    where failure is not null
)

select * from final
