-- Where every cent of every item is: allocated, adjusted or open.
with

items as (select * from {{ ref('int_items') }}),

allocations as (select * from {{ ref('int_match_allocations') }}),

closed_parts as (
    select
        allocations.item_key,
        cast(
            sum(
                case
                    when allocations.is_live then allocations.allocated_amount
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as allocated_amount,
        cast(
            sum(
                case
                    when allocations.is_live then allocations.adjusted_amount
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as adjusted_amount,
        max(case when allocations.is_live then 1 else 0 end) as is_in_live_match,
        max(case when allocations.decision in ('suggested', 'pending_approval') then 1 else 0 end)
            as is_in_suggestion
    from allocations
    where allocations.is_live or allocations.decision in ('suggested', 'pending_approval')
    group by allocations.item_key
),

-- a bank line that another reconciliation holds in a live match
claims as (
    select distinct
        allocations.claim_key,
        allocations.reconciliation
    from allocations
    where allocations.is_live and allocations.item_type = 'bank_transaction'
),

netted_to_zero as (select * from {{ ref('int_items__netted_to_zero') }}),

-- what is inside a bank line of zero is posted once, in whichever reconciliation
posted_bank_lines as (
    select distinct
        allocations.item_type,
        allocations.item_id
    from allocations
    where allocations.is_live and allocations.item_type = 'bank_transaction'
),

placed as (
    select
        items.*,
        netted_to_zero.item_key is not null
        and posted_bank_lines.item_id is null
        and coalesce(closed_parts.is_in_live_match, 0) = 0 as is_unposted,
        coalesce(closed_parts.allocated_amount, {{ zero() }}) as allocated_amount,
        coalesce(closed_parts.adjusted_amount, {{ zero() }}) as adjusted_amount,
        coalesce(closed_parts.is_in_live_match, 0) as is_in_live_match,
        coalesce(closed_parts.is_in_suggestion, 0) = 1 as is_in_review,
        case
            when
                claims.claim_key is not null
                and coalesce(items.set_aside_reason, 'out_of_scope') = 'out_of_scope'
                then 'explained_elsewhere'
            else items.set_aside_reason
        end as final_set_aside_reason
    from items
    left join closed_parts
        on items.item_key = closed_parts.item_key
    left join claims
        on
            items.claim_key = claims.claim_key
            and items.reconciliation <> claims.reconciliation
    left join netted_to_zero
        on items.item_key = netted_to_zero.item_key
    left join posted_bank_lines
        on
            items.item_type = posted_bank_lines.item_type
            and items.item_id = posted_bank_lines.item_id
),

final as (
    select
        placed.reconciliation,
        placed.side,
        placed.item_type,
        placed.item_id,
        placed.item_key,
        placed.claim_key,
        placed.anchor_item_key,
        placed.party_id,
        placed.family_id,
        placed.party_source,
        placed.group_key,
        placed.event_at,
        placed.event_date,
        placed.currency,
        placed.amount,
        placed.allocated_amount,
        placed.adjusted_amount,
        cast(
            placed.amount - placed.allocated_amount - placed.adjusted_amount
            as {{ amount_type() }}
        ) as open_amount,
        case
            when placed.final_set_aside_reason is not null then 'set_aside'
            when
                placed.amount = placed.allocated_amount + placed.adjusted_amount
                and not placed.is_unposted
                then 'closed'
            when placed.is_in_review then 'in_review'
            when placed.allocated_amount <> 0 or placed.adjusted_amount <> 0 then 'partial'
            else 'open'
        end as status,
        placed.final_set_aside_reason as set_aside_reason,
        placed.is_in_review,
        placed.due_date,
        placed.due_for_match_at,
        placed.batch_id,
        placed.row_hash,
        placed.feed,
        placed.document_number,
        placed.memo
    from placed
    where not placed.is_listed_only_if_matched or placed.is_in_live_match = 1
)

select * from final
