-- What moved on each day in receivables, in the reporting currency at the rate of the item's day:
-- an invoice counts on its day, money on its day, a match on the day of its last item.
with

items as {{ read_in_place() }} (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'invoice_to_receipt' and status <> 'set_aside'
),

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where is_live and reconciliation = 'invoice_to_receipt' and side = 'expected'
),

timed_matches as (select * from {{ ref('int_matches__timed') }}),

fx_rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

documents as (
    select
        items.item_key,
        items.event_date,
        items.currency,
        items.amount,
        items.item_type = 'invoice' and items.amount > {{ zero() }} as can_be_overdue,
        -- the first day on which what is open is overdue
        cast({{ add_days('items.due_date', '1') }} as date) as overdue_from
    from items
    where items.side = 'expected'
),

-- of the million that are closed, many on the same days
closings as (
    select
        timed_matches.completed_on,
        documents.event_date,
        documents.currency,
        documents.can_be_overdue,
        greatest(timed_matches.completed_on, documents.overdue_from) as no_longer_overdue_from,
        allocations.adjusted_amount <> {{ zero() }} as is_adjusted,
        sum(allocations.allocated_amount) as allocated_amount,
        sum(allocations.adjusted_amount) as adjusted_amount
    from allocations
    inner join timed_matches
        on allocations.match_id = timed_matches.match_id
    inner join documents
        on allocations.item_key = documents.item_key
    group by
        timed_matches.completed_on,
        documents.event_date,
        documents.currency,
        documents.can_be_overdue,
        greatest(timed_matches.completed_on, documents.overdue_from),
        allocations.adjusted_amount <> {{ zero() }}
),

movements as (
    select
        documents.event_date as moved_on,
        documents.event_date as rate_date,
        documents.currency,
        'invoiced' as measure,
        documents.amount
    from documents
    union all
    select
        documents.overdue_from as moved_on,
        documents.event_date as rate_date,
        documents.currency,
        'overdue' as measure,
        documents.amount
    from documents
    where documents.can_be_overdue
    union all
    select
        closings.completed_on as moved_on,
        closings.event_date as rate_date,
        closings.currency,
        'matched' as measure,
        closings.allocated_amount as amount
    from closings
    union all
    select
        closings.completed_on as moved_on,
        closings.event_date as rate_date,
        closings.currency,
        'adjusted' as measure,
        closings.adjusted_amount as amount
    from closings
    where closings.is_adjusted
    union all
    select
        closings.no_longer_overdue_from as moved_on,
        closings.event_date as rate_date,
        closings.currency,
        'overdue' as measure,
        -(closings.allocated_amount + closings.adjusted_amount) as amount
    from closings
    where closings.can_be_overdue
    union all
    select
        items.event_date as moved_on,
        items.event_date as rate_date,
        items.currency,
        'collected' as measure,
        items.amount
    from items
    where items.side = 'actual'
),

summed as (
    select
        movements.moved_on,
        movements.rate_date,
        movements.currency,
        movements.measure,
        {{ as_amount('sum(movements.amount)') }} as amount
    from movements
    where movements.moved_on <= {{ as_of_date() }}
    group by movements.moved_on, movements.rate_date, movements.currency, movements.measure
),

valued as (
    select
        summed.moved_on,
        summed.measure,
        case
            when summed.currency = {{ reporting_currency() }} then summed.amount
            else {{ as_amount('summed.amount * fx_rates.rate') }}
        end as base_amount
    from summed
    left join fx_rates
        on
            summed.rate_date = fx_rates.rate_date
            and summed.currency = fx_rates.base_currency
),

final as (
    select
        valued.moved_on,
        valued.measure,
        {{ as_amount('sum(valued.base_amount)') }} as base_amount,
        cast(count(case when valued.base_amount is null then 1 end) as bigint) as unvalued_count
    from valued
    group by valued.moved_on, valued.measure
)

select * from final
