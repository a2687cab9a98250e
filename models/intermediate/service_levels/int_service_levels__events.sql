-- The events that the indicators count, summed by indicator, day and, as far back as error budgets
-- reach, by whole hours before as_of. A bad event misses what its target promises.
with

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'invoice_to_receipt'
),

timed_matches as (select * from {{ ref('int_matches__timed') }}),

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where
        reconciliation = 'invoice_to_receipt'
        and (is_live or decision in ('suggested', 'pending_approval'))
),

cases as (
    select *
    from {{ ref('int_exceptions__cases') }}
    where is_spell_lead and case_resolved_at is not null
),

batches as (select * from {{ ref('int_batches__classified') }}),

posting_results as (select * from {{ ref('stg_ledger__posting_results') }}),

targets as (select * from {{ ref('slo_targets') }}),

-- nothing waits for a service that does not run yet
service_start as (select min(batches.ingested_at) as started_at from batches),

budget_span as (
    select max(windows.window_hours) as window_hours
    from {{ ref('service_level_windows') }} as windows
    where windows.kind = 'budget'
),

-- an invoice counts on the day on which its deadline passes, so late arrival does not move it
invoice_deadlines as (
    select
        'reconciliation_success_rate' as sli,
        items.due_for_match_at as event_at,
        case when items.status = 'closed' then 1 else 0 end as numerator,
        1 as denominator,
        case when items.status = 'closed' then 0 else 1 end as is_bad
    from items
    where
        items.item_type = 'invoice'
        and items.status <> 'set_aside'
        and items.due_for_match_at <= {{ as_of() }}
),

match_times as (
    select
        'time_to_reconciliation' as sli,
        timed_matches.decided_at as event_at,
        greatest(
            {{ hours_between(
                'greatest(timed_matches.completed_at, service_start.started_at)',
                'timed_matches.decided_at'
            ) }},
            0
        ) as hours
    from timed_matches
    cross join service_start
    where timed_matches.has_invoice and timed_matches.backfilled_at is null
),

exception_times as (
    select
        'time_to_resolve_exception' as sli,
        cases.case_resolved_at as event_at,
        greatest(
            {{ hours_between('cases.case_opened_at', 'cases.case_resolved_at') }}, 0
        ) as hours
    from cases
),

backfill_times as (
    select
        'backfill_latency' as sli,
        batches.ingested_at as event_at,
        greatest(
            {{ hours_between(
                'greatest(batches.landed_at, service_start.started_at)', 'batches.ingested_at'
            ) }},
            0
        ) as hours
    from batches
    cross join service_start
    where batches.is_backfill
    union all
    select
        'backfill_latency' as sli,
        timed_matches.decided_at as event_at,
        greatest(
            {{ hours_between('timed_matches.backfilled_at', 'timed_matches.decided_at') }}, 0
        ) as hours
    from timed_matches
    where timed_matches.has_invoice and timed_matches.backfilled_at is not null
),

durations as (
    select * from match_times
    union all
    select * from exception_times
    union all
    select * from backfill_times
),

timed_events as (
    select
        durations.sli,
        durations.event_at,
        durations.hours as numerator,
        1 as denominator,
        case when durations.hours >= targets.target then 1 else 0 end as is_bad
    from durations
    inner join targets
        on durations.sli = targets.sli
),

issued_invoices as (
    select
        'duplicate_invoice_rate' as sli,
        items.event_at,
        case when items.set_aside_reason = 'duplicate' then 1 else 0 end as numerator,
        1 as denominator,
        case when items.set_aside_reason = 'duplicate' then 1 else 0 end as is_bad
    from items
    where
        items.item_type = 'invoice'
        and coalesce(items.set_aside_reason, '') not in ('void', 'draft')
),

-- measured on the salted sample that people audit, not on what happens to be noticed; a later fact
-- that undoes a match says nothing
audited_closes as (
    select
        'false_positive_auto_close_rate' as sli,
        outcomes.decided_at as event_at,
        case when outcomes.outcome = 'false' then 1 else 0 end as numerator,
        1 as denominator,
        case when outcomes.outcome = 'false' then 1 else 0 end as is_bad
    from {{ ref('int_audit__outcomes') }} as outcomes
    where outcomes.is_sampled and outcomes.is_automatic and outcomes.outcome <> 'open'
),

in_part_matches as (
    select distinct allocations.match_id
    from allocations
    where
        allocations.item_type = 'invoice'
        and allocations.allocated_amount + allocations.adjusted_amount <> allocations.item_amount
),

in_part_receipts as (
    select distinct allocations.item_key
    from allocations
    inner join in_part_matches
        on allocations.match_id = in_part_matches.match_id
    where allocations.side = 'actual'
),

-- payments that cover an invoice in part, in a match that is made or suggested
partial_payments as (
    select
        'partial_payment_allocation_rate' as sli,
        items.event_at,
        case when items.status = 'closed' then 1 else 0 end as numerator,
        1 as denominator,
        case when items.status = 'closed' then 0 else 1 end as is_bad
    from items
    inner join in_part_receipts
        on items.item_key = in_part_receipts.item_key
    where items.amount > 0 and items.status <> 'set_aside'
),

posting_attempts as (
    select
        'posting_error_rate' as sli,
        posting_results.attempted_at as event_at,
        case when posting_results.status in ('failed', 'rejected') then 1 else 0 end as numerator,
        1 as denominator,
        case when posting_results.status in ('failed', 'rejected') then 1 else 0 end as is_bad
    from posting_results
),

events as (
    select * from invoice_deadlines
    union all
    select * from timed_events
    union all
    select * from issued_invoices
    union all
    select * from audited_closes
    union all
    select * from partial_payments
    union all
    select * from posting_attempts
),

aged as (
    select
        events.*,
        {{ hours_between('events.event_at', as_of()) }} as age_hours,
        budget_span.window_hours
    from events
    cross join budget_span
    where events.event_at <= {{ as_of() }}
),

final as (
    select
        aged.sli,
        cast(aged.event_at as date) as event_date,
        case when aged.age_hours < aged.window_hours then cast(aged.age_hours as bigint) end
            as age_hours,
        {{ as_amount('sum(aged.numerator)') }} as numerator,
        {{ as_amount('sum(aged.denominator)') }} as denominator,
        cast(count(*) as bigint) as events,
        cast(sum(aged.is_bad) as bigint) as bad_events,
        min(case when aged.is_bad = 1 then aged.event_at end) as first_bad_at
    from aged
    group by
        aged.sli,
        cast(aged.event_at as date),
        case when aged.age_hours < aged.window_hours then cast(aged.age_hours as bigint) end
)

select * from final
