-- Pass 0. A sealed match stands until a person undoes it or a fact it rests on has changed; then
-- it is reversed as a whole, and its items are free for the passes of this run. What a person
-- linked by hand or wrote off is moved by a person alone, as long as its items still carry it.
with

matches as (select * from {{ ref('int_journal__matches') }}),

allocations as (select * from {{ ref('int_journal__allocations') }}),

reversals as (select * from {{ ref('int_journal__reversals') }}),

items as (select * from {{ ref('int_items') }}),

people_undo as (select * from {{ ref('int_matches__undone_by_people') }}),

-- what a match holds and posts is read from the journal where it is asked for
live_matches as (
    select
        matches.block,
        matches.match_id,
        matches.reconciliation,
        matches.rule_id,
        matches.rule_version,
        matches.pass,
        matches.relation,
        matches.method,
        matches.confidence,
        matches.decision,
        matches.explanation,
        matches.currency,
        matches.amount,
        matches.difference_amount,
        matches.adjustment_kind,
        matches.run_id,
        matches.decided_at,
        matches.decided_by
    from matches
    left join reversals
        on matches.match_id = reversals.match_id
    where reversals.match_id is null
),

live_allocations as (
    select allocations.*
    from allocations
    inner join live_matches
        on allocations.match_id = live_matches.match_id
),

-- what people closed of each item by hand
held_by_people as (
    select
        live_allocations.item_key,
        sum(live_allocations.allocated_amount + live_allocations.adjusted_amount) as held_amount
    from live_allocations
    inner join live_matches
        on live_allocations.match_id = live_matches.match_id
    where live_matches.method = 'manual'
    group by live_allocations.item_key
),

changed_items as (
    select
        live_allocations.match_id,
        min(
            case
                when items.item_key is null then 'item_gone'
                when items.set_aside_reason is not null then 'item_' || items.set_aside_reason
                when items.currency <> live_allocations.currency then 'currency_changed'
                when
                    live_matches.method = 'manual'
                    and sign(items.amount) = sign(held_by_people.held_amount)
                    and abs(items.amount) >= abs(held_by_people.held_amount)
                    then null
                when items.amount <> live_allocations.amount then 'amount_changed'
            end
        ) as reason
    from live_allocations
    inner join live_matches
        on live_allocations.match_id = live_matches.match_id
    left join held_by_people
        on live_allocations.item_key = held_by_people.item_key
    left join items
        on live_allocations.item_key = items.item_key
    group by live_allocations.match_id
),

completed as (select * from {{ ref('int_matches__completed') }}),

final as (
    select
        live_matches.*,
        case
            when people_undo.match_id is not null then 'undone_by_a_person'
            when changed_items.reason is not null then changed_items.reason
            when completed.match_id is not null then 'related_item_arrived'
        end as reversal_reason,
        coalesce(people_undo.actor, 'tieout') as reversal_actor
    from live_matches
    left join changed_items
        on live_matches.match_id = changed_items.match_id
    left join completed
        on live_matches.match_id = completed.match_id
    left join people_undo
        on live_matches.match_id = people_undo.match_id
)

select * from final
