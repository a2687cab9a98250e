-- When each live match of receivables could be made: with the event of the last fact that it
-- needed. What is known by its day alone (a bank line) is there at the end of that day. One whose
-- facts came in a late file could be made when that landed.
with

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'invoice_to_receipt'
),

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where is_live and reconciliation = 'invoice_to_receipt'
),

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where is_live and reconciliation = 'invoice_to_receipt'
),

backfills as (
    select
        batches.batch_id,
        batches.record_feed,
        max(batches.landed_at) as landed_at
    from {{ ref('int_batches__classified') }} as batches
    where batches.is_backfill
    group by batches.batch_id, batches.record_feed
),

final as (
    select
        matches.match_id,
        matches.run_id,
        matches.decided_at,
        max(items.event_date) as completed_on,
        max(
            case
                when items.event_at = cast(items.event_date as timestamp)
                    then {{ add_days('items.event_at', '1') }}
                else items.event_at
            end
        ) as completed_at,
        max(backfills.landed_at) as backfilled_at,
        -- the gateway that took the money; the last by name where there are several
        max(
            case
                when items.feed = 'gateway_transactions' then split_part(items.item_id, '/', 1)
            end
        ) as gateway,
        max(case when items.item_type = 'invoice' then 1 else 0 end) = 1 as has_invoice,
        max(case when items.item_type = 'invoice' then items.party_id end) as party_id,
        max(case when items.item_type = 'invoice' then items.batch_id end) as batch_id
    from matches
    inner join allocations
        on matches.match_id = allocations.match_id
    inner join items
        on allocations.item_key = items.item_key
    left join backfills
        on items.batch_id = backfills.batch_id and items.feed = backfills.record_feed
    group by matches.match_id, matches.run_id, matches.decided_at
)

select * from final
