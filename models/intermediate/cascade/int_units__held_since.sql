-- What amounts have closed of payers who still have something open, in which run, and what was open
-- of it then. The waves that go by amounts count it for everything that was known by that run: the
-- same question gets the same answer in every later run.
with

open_items as (select * from {{ ref('int_open__after_texts') }}),

items as {{ read_in_place() }} (select * from {{ ref('int_items') }}),

passes as (select * from {{ ref('passes') }}),

held_since as (select * from {{ ref('int_items__held_since') }}),

-- what keys and texts find and what differs from them is settled by the sums
closed as (
    select
        held_since.item_key,
        held_since.held_in_run,
        max(case when passes.wave = 'equals' then 0 else 1 end) as is_held_by_sums,
        sum(held_since.closed_amount) as closed_amount
    from held_since
    inner join passes
        on held_since.pass = passes.pass
    where
        passes.wave in ('equals', 'sums', 'likeness', 'undoing')
        or held_since.relation in ('partial', 'overpaid')
    group by held_since.item_key, held_since.held_in_run
),

-- since when the younger side of what a payer still has open has been known
open_payers as (
    select
        payers.reconciliation,
        payers.family_id,
        payers.currency,
        max(payers.known_in_run) as known_in_run
    from (
        select
            open_items.reconciliation,
            open_items.side,
            open_items.family_id,
            open_items.currency,
            min(known_items.known_in_run) as known_in_run
        from open_items
        inner join {{ ref('int_items__open') }} as known_items
            on open_items.item_key = known_items.item_key
        where open_items.family_id is not null
        group by
            open_items.reconciliation,
            open_items.side,
            open_items.family_id,
            open_items.currency
    ) as payers
    group by payers.reconciliation, payers.family_id, payers.currency
    having count(*) = 2
),

closed_units as (
    select
        items.reconciliation,
        items.side,
        items.anchor_item_key as unit_key,
        items.family_id,
        items.currency,
        closed.held_in_run,
        max(closed.is_held_by_sums) as is_held_by_sums,
        min(items.event_date) as event_date,
        sum(closed.closed_amount) as closed_amount
    from closed
    inner join items
        on closed.item_key = items.item_key
    inner join open_payers
        on
            items.reconciliation = open_payers.reconciliation
            and items.family_id = open_payers.family_id
            and items.currency = open_payers.currency
            and closed.held_in_run >= open_payers.known_in_run
    group by
        items.reconciliation,
        items.side,
        items.anchor_item_key,
        items.family_id,
        items.currency,
        closed.held_in_run
),

left_open as (
    select
        open_items.side,
        open_items.anchor_item_key as unit_key,
        sum(open_items.remaining_amount) as open_amount
    from open_items
    group by open_items.side, open_items.anchor_item_key
),

final as (
    select
        closed_units.reconciliation,
        closed_units.side,
        closed_units.unit_key,
        closed_units.family_id,
        closed_units.currency,
        closed_units.event_date,
        unit_items.due_date,
        closed_units.held_in_run,
        closed_units.is_held_by_sums = 1 as is_held_by_sums,
        left_open.unit_key is not null as is_left_open,
        -- what this run and later ones closed of it, and what is left
        cast(
            sum(closed_units.closed_amount) over (
                partition by closed_units.side, closed_units.unit_key
                order by closed_units.held_in_run desc nulls last
            ) + coalesce(left_open.open_amount, 0)
            as {{ amount_type() }}
        ) as unit_amount
    from closed_units
    left join left_open
        on closed_units.side = left_open.side and closed_units.unit_key = left_open.unit_key
    left join items as unit_items
        on closed_units.unit_key = unit_items.item_key
)

select * from final
