-- Sealed matches of documents with their credit memos alone, and what the memos leave of them, as
-- the items are now.
with

allocations as (select * from {{ ref('int_journal__allocations') }}),

items as (select * from {{ ref('int_items') }}),

without_money as (
    select allocations.match_id
    from allocations
    group by allocations.match_id
    having max(case when allocations.side = 'actual' then 1 else 0 end) = 0
),

final as (
    select
        allocations.match_id,
        min(items.reconciliation) as reconciliation,
        min(items.family_id) as family_id,
        min(items.currency) as currency,
        cast(sum(items.amount) as {{ amount_type() }}) as amount
    from allocations
    inner join without_money
        on allocations.match_id = without_money.match_id
    inner join items
        on allocations.item_key = items.item_key
    group by allocations.match_id
    having min(items.side) = 'expected' and max(items.side) = 'expected'
)

select * from final
