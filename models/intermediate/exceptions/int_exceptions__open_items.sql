-- Items that must have an exception: past their window and open, or waiting for a review. The
-- condition says what the matches know about the item; seeds/exception_rules.csv names it.
with

items as {{ read_in_place() }} (select * from {{ ref('int_items__balanced') }}),

matches as (select * from {{ ref('int_matches__decided') }}),

allocations as {{ read_in_place() }} (select * from {{ ref('int_match_allocations') }}),

open_items as (
    select
        items.item_key,
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.party_id,
        items.party_source,
        items.memo,
        items.currency,
        items.amount,
        items.allocated_amount,
        items.adjusted_amount,
        items.open_amount,
        items.due_for_match_at,
        coalesce(items.is_in_review, false) or items.status = 'in_review' as is_in_review,
        coalesce(items.due_for_match_at <= {{ as_of() }}, false) as is_past_window
    from items
    where
        items.status not in ('closed', 'set_aside')
        and (
            items.status = 'in_review'
            or items.is_in_review
            or items.due_for_match_at <= {{ as_of() }}
        )
),

suggestions as (
    select
        allocations.item_key,
        count(distinct allocations.match_id) as suggestion_count,
        min(matches.ambiguity) as ambiguity
    from open_items
    inner join allocations
        on open_items.item_key = allocations.item_key
    inner join matches
        on allocations.match_id = matches.match_id
    where matches.decision in ('suggested', 'pending_approval') and not matches.is_live
    group by allocations.item_key
),

live_memberships as (
    select
        open_items.item_key,
        open_items.side,
        allocations.match_id
    from open_items
    inner join allocations
        on open_items.item_key = allocations.item_key
    where allocations.is_live
),

-- what the live matches of an open item say about their other side
live_evidence as (
    select
        live_memberships.item_key,
        count(
            distinct case
                when members.currency <> members.match_currency then live_memberships.match_id
            end
        ) as cross_currency_count,
        count(
            distinct case
                when
                    members.side <> live_memberships.side
                    and counterparts.status <> 'closed'
                    then members.item_key
            end
        ) as open_counterpart_count,
        -- money that we gave back, or that a dispute took
        count(
            case
                when
                    members.side <> live_memberships.side
                    and members.allocated_amount < 0
                    and members.item_type in ('refund', 'bank_transaction')
                    then 1
            end
        ) as refund_count,
        count(
            case
                when
                    members.side <> live_memberships.side
                    and members.allocated_amount < 0
                    and members.item_type = 'chargeback'
                    then 1
            end
        ) as dispute_count
    from live_memberships
    inner join allocations as members
        on live_memberships.match_id = members.match_id
    inner join items as counterparts
        on members.item_key = counterparts.item_key
    group by live_memberships.item_key
),

paid_before as (select * from {{ ref('int_exceptions__paid_before') }}),

final as (
    select
        open_items.item_key,
        open_items.reconciliation,
        open_items.item_type,
        open_items.item_id,
        open_items.due_for_match_at,
        open_items.is_past_window,
        open_items.is_in_review,
        case
            when open_items.is_in_review and suggestions.suggestion_count > 1
                then 'review_several_fit'
            when open_items.is_in_review
                then concat_ws('_', 'review', suggestions.ambiguity)
            when
                coalesce(live_evidence.cross_currency_count, 0) > 0
                and open_items.open_amount <> open_items.amount
                then 'currency_rest'
            when
                open_items.side = 'actual'
                and live_evidence.item_key is not null
                and open_items.open_amount = open_items.amount
                and open_items.amount > 0
                then 'left_over_by_credit'
            when open_items.side = 'actual' and paid_before.item_key is not null
                then 'pays_closed_document'
            when
                open_items.side = 'actual'
                and open_items.open_amount <> open_items.amount
                and coalesce(live_evidence.open_counterpart_count, 0) = 0
                then 'rest_of_payment'
            when open_items.item_type = 'invoice' and live_evidence.dispute_count > 0
                then
                    case
                        when open_items.open_amount = open_items.amount then 'disputed_in_whole'
                        else 'disputed_in_part'
                    end
            when open_items.item_type = 'invoice' and live_evidence.refund_count > 0
                then
                    case
                        when open_items.open_amount = open_items.amount then 'refunded_in_whole'
                        else 'refunded_in_part'
                    end
            when open_items.open_amount <> open_items.amount then 'partly_covered'
            when open_items.amount = 0 then 'fee_inside'
            when open_items.side = 'actual' and open_items.party_source = 'ambiguous'
                then 'payer_ambiguous'
            when open_items.side = 'actual' and open_items.party_id is null then 'payer_unknown'
            when open_items.item_type = 'charge' and open_items.memo is null then 'nothing_quoted'
            else 'nothing_fits'
        end as condition
    from open_items
    left join suggestions
        on open_items.item_key = suggestions.item_key
    left join live_evidence
        on open_items.item_key = live_evidence.item_key
    left join paid_before
        on open_items.item_key = paid_before.item_key
)

select * from final
