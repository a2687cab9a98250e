-- One row per line of a customer's statement in one currency, the newest first, with the balance
-- after it. Documents raise what is owed, money lowers it; what a match closes by an adjustment, with
-- another customer's items or in another currency is a line of its own, so that the last balance is
-- what is open on documents less what is not applied. Lines before $since are one line.
with own_items as (
    select
        fct_items.side,
        fct_items.item_type,
        fct_items.item_id,
        fct_items.document_number,
        fct_items.memo,
        fct_items.event_date,
        fct_items.amount
    from marts.fct_items
    where
        fct_items.reconciliation = 'invoice_to_receipt'
        and fct_items.party_id = $customer
        and fct_items.currency = $currency
        and fct_items.status <> 'set_aside'
),

own_allocations as (
    select
        fct_match_allocations.match_id,
        own_items.side,
        own_items.event_date,
        fct_match_allocations.match_currency,
        case own_items.side when 'expected' then -1 else 1 end
        * fct_match_allocations.allocated_amount as allocated,
        case own_items.side when 'expected' then -1 else 1 end
        * fct_match_allocations.adjusted_amount as adjusted
    from marts.fct_match_allocations
    inner join own_items
        on
            fct_match_allocations.item_type = own_items.item_type
            and fct_match_allocations.item_id = own_items.item_id
    where fct_match_allocations.reconciliation = 'invoice_to_receipt'
),

by_match as (
    select
        own_allocations.match_id,
        max(own_allocations.event_date) as day,
        min(own_allocations.match_currency) as match_currency,
        sum(own_allocations.allocated) as allocated,
        sum(own_allocations.adjusted) as adjusted
    from own_allocations
    inner join marts.fct_matches
        on own_allocations.match_id = fct_matches.match_id
    where fct_matches.decision in ('auto_closed', 'approved')
    group by own_allocations.match_id
),

-- only matches that leave something over need their other items
uneven as (
    select
        by_match.*,
        fct_matches.explanation,
        coalesce(fct_matches.adjustment_kind, 'adjustment') as adjustment_kind,
        exists (
            select 1
            from marts.fct_match_allocations
            where
                fct_match_allocations.match_id = by_match.match_id
                and fct_match_allocations.currency <> $currency
        ) as is_converted
    from by_match
    inner join marts.fct_matches
        on by_match.match_id = fct_matches.match_id
    where by_match.allocated <> 0 or by_match.adjusted <> 0
),

lines as (
    select
        own_items.event_date as day,
        case own_items.side when 'expected' then 1 else 2 end as place,
        own_items.item_type as kind,
        own_items.item_type,
        own_items.item_id,
        cast(null as varchar) as match_id,
        case own_items.side
            when 'expected' then own_items.document_number
            else coalesce(own_items.memo, own_items.document_number)
        end as text,
        case own_items.side when 'expected' then own_items.amount else -own_items.amount end
            as amount
    from own_items
    union all
    select
        uneven.day,
        3 as place,
        uneven.adjustment_kind as kind,
        cast(null as varchar) as item_type,
        cast(null as varchar) as item_id,
        uneven.match_id,
        uneven.explanation as text,
        uneven.adjusted as amount
    from uneven
    where uneven.adjusted <> 0
    union all
    select
        uneven.day,
        4 as place,
        case when uneven.is_converted then 'converted' else 'other_customer' end as kind,
        cast(null as varchar) as item_type,
        cast(null as varchar) as item_id,
        uneven.match_id,
        uneven.explanation as text,
        uneven.allocated as amount
    from uneven
    where uneven.allocated <> 0
),

in_period as (
    select lines.*
    from lines
    where $since = '' or lines.day >= try_cast($since as date)
    union all
    select
        try_cast($since as date) as day,
        0 as place,
        'opening' as kind,
        cast(null as varchar) as item_type,
        cast(null as varchar) as item_id,
        cast(null as varchar) as match_id,
        cast(null as varchar) as text,
        sum(lines.amount) as amount
    from lines
    where $since <> '' and lines.day < try_cast($since as date)
    having count(*) > 0
),

balanced as (
    select
        in_period.*,
        sum(in_period.amount) over (
            order by
                in_period.day, in_period.place, in_period.item_type, in_period.item_id,
                in_period.match_id
            rows between unbounded preceding and current row
        ) as balance
    from in_period
)

select
    balanced.day,
    balanced.kind,
    balanced.item_type,
    balanced.item_id,
    balanced.match_id,
    balanced.text,
    balanced.amount,
    case when balanced.amount >= 0 and balanced.kind <> 'opening' then balanced.amount end as debit,
    case when balanced.amount < 0 and balanced.kind <> 'opening' then -balanced.amount end as credit,
    balanced.balance,
    $currency as currency,
    count(*) over () as row_count
from balanced
order by
    balanced.day desc,
    balanced.place desc,
    balanced.item_type desc,
    balanced.item_id desc,
    balanced.match_id desc
limit $limit offset $offset
