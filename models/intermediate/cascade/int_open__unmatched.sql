-- What is open before the first pass of this run: every item that takes part, less what standing
-- matches hold of it and what people have just ordered. What waits for a second person's agreement
-- is not matched otherwise meanwhile. What comes to zero with a fee inside is open too.
with

items as (
    select *
    from {{ ref('int_items') }}
    where set_aside_reason is null
),

standing as (
    select *
    from {{ ref('int_matches__standing') }}
    where reversal_reason is null
),

ordered as (
    select orders.*
    from {{ ref('int_wave__people') }} as orders
    left join {{ ref('int_matches__declined') }} as declined
        on {{ order_match_id('orders.group_name') }} = declined.match_id
    where declined.match_id is null
),

netted_to_zero as (
    select *
    from {{ ref('int_items__netted_to_zero') }}
    where is_matched_here
),

waiting as (
    select distinct ordered.item_key
    from ordered
    where ordered.ambiguity is not null
),

parts as (
    select
        held.item_key,
        held.held_amount as closed_amount
    from {{ ref('int_items__held') }} as held
    union all
    select
        ordered.item_key,
        ordered.allocated_amount + ordered.adjusted_amount as closed_amount
    from ordered
    where ordered.ambiguity is null
),

held as (
    select
        parts.item_key,
        sum(parts.closed_amount) as closed_amount
    from parts
    group by parts.item_key
),

-- a bank line that one reconciliation holds is not open in another
claims as (
    select distinct
        allocations.claim_key,
        allocations.reconciliation
    from {{ ref('int_journal__allocations') }} as allocations
    inner join standing
        on allocations.match_id = standing.match_id
    where allocations.item_type = 'bank_transaction'
    union
    select
        items.claim_key,
        items.reconciliation
    from ordered
    inner join items
        on ordered.item_key = items.item_key
    where items.item_type = 'bank_transaction'
    union
    select
        items.claim_key,
        items.reconciliation
    from {{ ref('int_wave__returned') }} as returned
    inner join items
        on returned.item_key = items.item_key
),

final as (
    select
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.item_key,
        items.claim_key,
        items.anchor_item_key,
        items.party_id,
        items.family_id,
        items.group_key,
        items.event_date,
        items.currency,
        items.amount,
        cast(items.amount - coalesce(held.closed_amount, {{ zero() }}) as {{ amount_type() }})
            as remaining_amount,
        items.document_number,
        items.row_hash
    from items
    left join held
        on items.item_key = held.item_key
    left join claims
        on
            items.claim_key = claims.claim_key
            and items.reconciliation <> claims.reconciliation
    left join waiting
        on items.item_key = waiting.item_key
    left join netted_to_zero
        on items.item_key = netted_to_zero.item_key
    where
        claims.claim_key is null
        and waiting.item_key is null
        and (
            items.amount <> coalesce(held.closed_amount, {{ zero() }})
            or (netted_to_zero.item_key is not null and held.item_key is null)
        )
)

select * from final
