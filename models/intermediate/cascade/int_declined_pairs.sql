-- What a person has declined or taken apart; no pass proposes it again. One item of each side is a
-- pair. Of more, the group was declined, not each pair in it: `declined_group` holds it together.
with

items as (select * from {{ ref('int_items') }}),

declined_items as (
    select
        rejected.match_id,
        rejected.side,
        rejected.item_key
    from {{ ref('int_journal__rejected_allocations') }} as rejected
    union all
    select
        reversed_allocations.match_id,
        reversed_allocations.side,
        reversed_allocations.item_key
    from {{ ref('int_allocations__reversed') }} as reversed_allocations
    where reversed_allocations.reason = 'undone_by_a_person'
),

-- an invoice with its credit memos is one unit, a payment with its refunds too
declined_units as (
    select
        declined_items.match_id,
        declined_items.side,
        declined_items.item_key,
        coalesce(items.anchor_item_key, declined_items.item_key) as unit_key
    from declined_items
    left join items
        on declined_items.item_key = items.item_key
),

sizes as (
    select
        declined_units.match_id,
        count(distinct case when declined_units.side = 'expected' then declined_units.unit_key end)
        + count(distinct case when declined_units.side = 'actual' then declined_units.unit_key end)
            as unit_count
    from declined_units
    group by declined_units.match_id
),

final as (
    select distinct
        case
            when sizes.unit_count > 2 then expected_units.unit_key
            else expected_units.item_key
        end as expected_item_key,
        case
            when sizes.unit_count > 2 then actual_units.unit_key
            else actual_units.item_key
        end as actual_item_key,
        case when sizes.unit_count > 2 then sizes.match_id end as declined_group,
        case when sizes.unit_count > 2 then sizes.unit_count end as group_units
    from declined_units as expected_units
    inner join declined_units as actual_units
        on expected_units.match_id = actual_units.match_id
    inner join sizes
        on expected_units.match_id = sizes.match_id
    where expected_units.side = 'expected' and actual_units.side = 'actual'
)

select * from final
