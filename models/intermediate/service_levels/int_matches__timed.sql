-- When each match that was made could be made: with the event of the last fact that it needed.
-- What is known by its day alone (a bank line) is there at the end of that day. One whose facts
-- came in a late file could be made when that landed. And whose it is: customer, gateway and file.
with

items as (select * from {{ ref('int_items__balanced') }}),

allocations as (select * from {{ ref('int_match_allocations') }}),

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where is_live or decision = 'reversed'
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
        matches.reconciliation,
        matches.is_live,
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
        max({{ gateway_of('items') }}) as gateway,
        max(case when items.item_type = 'invoice' then 1 else 0 end) = 1 as has_invoice,
        coalesce(
            max(case when items.item_type = 'invoice' then items.party_id end),
            max(case when items.item_type = 'credit_memo' then items.party_id end)
        ) as party_id,
        -- what the match is about: the document, or the sum that others make up
        coalesce(
            max(case when items.item_type in ('invoice', 'payout') then items.batch_id end),
            max(case when items.side = 'expected' then items.batch_id end)
        ) as batch_id
    from matches
    inner join allocations
        on matches.match_id = allocations.match_id
    inner join items
        on allocations.item_key = items.item_key
    left join backfills
        on items.batch_id = backfills.batch_id and items.feed = backfills.record_feed
    group by
        matches.match_id,
        matches.reconciliation,
        matches.is_live,
        matches.run_id,
        matches.decided_at
)

select * from final
