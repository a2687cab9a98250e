-- The items that sealed and unreversed matches hold. What a person has taken apart holds nothing,
-- also in the run in which it comes apart.
with

allocations as (select * from {{ ref('int_journal__allocations') }}),

ended as (
    select reversals.match_id
    from {{ ref('int_journal__reversals') }} as reversals
    union
    select undone.match_id
    from {{ ref('int_matches__undone_by_people') }} as undone
),

final as (
    select distinct
        allocations.reconciliation,
        allocations.item_type,
        allocations.item_id,
        allocations.item_key
    from allocations
    left join ended
        on allocations.match_id = ended.match_id
    where ended.match_id is null
)

select * from final
