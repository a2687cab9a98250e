-- Every item of every match there is.
with

matches as (select * from {{ ref('int_matches__decided') }}),

sealed_allocations as (select * from {{ ref('int_journal__allocations') }}),

proposed_allocations as (select * from {{ ref('int_allocations__proposed') }}),

-- of what was declined and is neither found again nor closed
rejected_allocations as (
    select rejected.*
    from {{ ref('int_journal__rejected_allocations') }} as rejected
    left join (select distinct match_id from proposed_allocations) as proposed
        on rejected.match_id = proposed.match_id
    left join (select distinct match_id from sealed_allocations) as sealed
        on rejected.match_id = sealed.match_id
    where proposed.match_id is null and sealed.match_id is null
),

allocations as (
    select
        sealed_allocations.match_id,
        sealed_allocations.side,
        sealed_allocations.item_type,
        sealed_allocations.item_id,
        sealed_allocations.item_key,
        sealed_allocations.claim_key,
        sealed_allocations.amount,
        sealed_allocations.allocated_amount,
        sealed_allocations.adjusted_amount,
        sealed_allocations.currency,
        sealed_allocations.match_amount,
        sealed_allocations.match_adjusted_amount,
        sealed_allocations.match_currency,
        sealed_allocations.row_hash
    from sealed_allocations
    union all
    select
        proposed_allocations.match_id,
        proposed_allocations.side,
        proposed_allocations.item_type,
        proposed_allocations.item_id,
        proposed_allocations.item_key,
        proposed_allocations.claim_key,
        proposed_allocations.amount,
        proposed_allocations.allocated_amount,
        proposed_allocations.adjusted_amount,
        proposed_allocations.currency,
        proposed_allocations.match_amount,
        proposed_allocations.match_adjusted_amount,
        proposed_allocations.match_currency,
        proposed_allocations.row_hash
    from proposed_allocations
    union all
    select
        rejected_allocations.match_id,
        rejected_allocations.side,
        rejected_allocations.item_type,
        rejected_allocations.item_id,
        rejected_allocations.item_key,
        rejected_allocations.claim_key,
        rejected_allocations.amount,
        rejected_allocations.allocated_amount,
        rejected_allocations.adjusted_amount,
        rejected_allocations.currency,
        rejected_allocations.match_amount,
        rejected_allocations.match_adjusted_amount,
        rejected_allocations.match_currency,
        rejected_allocations.row_hash
    from rejected_allocations
),

final as (
    select
        allocations.match_id,
        matches.reconciliation,
        allocations.side,
        allocations.item_type,
        allocations.item_id,
        allocations.item_key,
        allocations.claim_key,
        allocations.amount as item_amount,
        allocations.allocated_amount,
        allocations.adjusted_amount,
        allocations.currency,
        allocations.match_amount,
        allocations.match_adjusted_amount,
        allocations.match_currency,
        case when allocations.adjusted_amount <> 0 then matches.adjustment_kind end
            as adjustment_kind,
        allocations.row_hash,
        matches.is_live,
        matches.decision
    from allocations
    inner join matches
        on allocations.match_id = matches.match_id
)

select * from final
