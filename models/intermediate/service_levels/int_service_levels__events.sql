{%- set first_date = '(select cast(min(run_gaps.after_at) as date) from run_gaps)' -%}
-- The events that the indicators count, summed by indicator and day. As far back as error budgets
-- reach also by their age, as far back as a month reaches also by customer tier, gateway and batch.
-- A bad event misses what its target promises. What was learned on a later day is a restatement. An
-- event is as old as the run that could first see it: budgets burn by what runs find, not by how
-- long before them it was.
with

items as {{ read_in_place() }} (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'invoice_to_receipt'
),

timed_matches as {{ read_in_place() }} (select * from {{ ref('int_matches__timed') }}),

recent_cases as (select * from {{ ref('int_exceptions__recent_cases') }}),

allocations as {{ read_in_place() }} (
    select *
    from {{ ref('int_match_allocations') }}
    where
        reconciliation = 'invoice_to_receipt'
        and (is_live or decision in ('suggested', 'pending_approval', 'reversed'))
),

cases as (
    select *
    from {{ ref('int_exceptions__weighed') }}
    where is_lead and case_resolved_at is not null
),

batches as (select * from {{ ref('int_batches__classified') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

posting_results as (select * from {{ ref('stg_ledger__posting_results') }}),

postings as (select * from {{ ref('int_postings__due') }}),

run_gaps as (select * from {{ ref('int_runs__gaps') }}),

targets as (select * from {{ ref('slo_targets') }}),

-- nothing waits for a service that does not run yet
service_start as (select min(batches.ingested_at) as started_at from batches),

budget_span as (
    select max(windows.window_minutes) as window_minutes
    from {{ ref('service_level_windows') }} as windows
    where windows.kind = 'budget'
),

-- as far back as alerts ask of how many customers their events are
customers_span as (
    select coalesce(max(windows.window_minutes), 0) as window_minutes
    from {{ ref('service_level_windows') }} as windows
    inner join {{ ref('alert_rules') }} as rules
        on windows.window_name = rules.window_name
    where windows.kind = 'budget' and rules.min_customers > 0
),

in_part_matches as (
    select distinct allocations.match_id
    from allocations
    where
        allocations.decision <> 'reversed'
        and allocations.item_type = 'invoice'
        and allocations.allocated_amount + allocations.adjusted_amount <> allocations.item_amount
),

in_part_receipts as (
    select distinct allocations.item_key
    from allocations
    inner join in_part_matches
        on allocations.match_id = in_part_matches.match_id
    where allocations.side = 'actual'
),

-- invoices, and payments of a part, in what was decided
decided_items as (
    select
        allocations.item_key,
        allocations.match_id
    from allocations
    where allocations.item_type = 'invoice'
    union all
    select
        allocations.item_key,
        allocations.match_id
    from allocations
    inner join in_part_receipts
        on allocations.item_key = in_part_receipts.item_key
    where allocations.item_type <> 'invoice'
),

-- what was decided last about each, and the gateway of its money
item_decisions as (
    select
        decided_items.item_key,
        max(timed_matches.decided_at) as decided_at,
        max(case when timed_matches.is_live then timed_matches.gateway end) as gateway
    from decided_items
    inner join timed_matches
        on decided_items.match_id = timed_matches.match_id
    group by decided_items.item_key
),

batch_arrivals as (
    select
        batches.batch_id,
        batches.record_feed,
        min(batches.ingested_at) as ingested_at,
        -- what is a day older than what earlier runs had of the feed is late, and no news
        {{ add_days('max(batches.newest_event_before)', '-1') }} as news_from
    from batches
    group by batches.batch_id, batches.record_feed
),

-- an invoice counts on the day on which its deadline passes, so late arrival does not move it
invoice_deadlines as (
    select
        'reconciliation_success_rate' as sli,
        items.due_for_match_at as event_at,
        case when items.status = 'closed' then 1 else 0 end as numerator,
        1 as denominator,
        case when items.status = 'closed' then 0 else 1 end as is_bad,
        item_decisions.decided_at as known_at,
        cast(null as timestamp) as arrived_at,
        items.party_id,
        item_decisions.gateway,
        items.batch_id
    from items
    left join item_decisions
        on items.item_key = item_decisions.item_key
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
        ) as hours,
        timed_matches.party_id,
        timed_matches.gateway,
        timed_matches.batch_id
    from timed_matches
    cross join service_start
    where
        timed_matches.is_live
        and timed_matches.has_invoice
        and timed_matches.backfilled_at is null
),

exception_times as (
    select
        'time_to_resolve_exception' as sli,
        cases.case_resolved_at as event_at,
        greatest(
            {{ hours_between('cases.case_opened_at', 'cases.case_resolved_at') }}, 0
        ) as hours,
        cases.customer_id as party_id,
        recent_cases.gateway,
        recent_cases.batch_id
    from cases
    left join recent_cases
        on cases.exception_id = recent_cases.exception_id
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
        ) as hours,
        cast(null as {{ dbt.type_string() }}) as party_id,
        cast(null as {{ dbt.type_string() }}) as gateway,
        batches.batch_id
    from batches
    cross join service_start
    where batches.is_backfill
    union all
    select
        'backfill_latency' as sli,
        timed_matches.decided_at as event_at,
        greatest(
            {{ hours_between('timed_matches.backfilled_at', 'timed_matches.decided_at') }}, 0
        ) as hours,
        timed_matches.party_id,
        timed_matches.gateway,
        timed_matches.batch_id
    from timed_matches
    where
        timed_matches.is_live
        and timed_matches.has_invoice
        and timed_matches.backfilled_at is not null
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
        case when durations.hours >= targets.target then 1 else 0 end as is_bad,
        cast(null as timestamp) as known_at,
        cast(null as timestamp) as arrived_at,
        durations.party_id,
        durations.gateway,
        durations.batch_id
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
        case when items.set_aside_reason = 'duplicate' then 1 else 0 end as is_bad,
        batch_arrivals.ingested_at as known_at,
        case when items.event_at >= batch_arrivals.news_from then batch_arrivals.ingested_at end
            as arrived_at,
        items.party_id,
        cast(null as {{ dbt.type_string() }}) as gateway,
        items.batch_id
    from items
    left join batch_arrivals
        on items.batch_id = batch_arrivals.batch_id and items.feed = batch_arrivals.record_feed
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
        case when outcomes.outcome = 'false' then 1 else 0 end as is_bad,
        outcomes.undone_at as known_at,
        outcomes.undone_at as arrived_at,
        timed_matches.party_id,
        timed_matches.gateway,
        timed_matches.batch_id
    from {{ ref('int_audit__outcomes') }} as outcomes
    left join timed_matches
        on outcomes.match_id = timed_matches.match_id
    where outcomes.is_sampled and outcomes.is_automatic and outcomes.outcome <> 'open'
),

-- payments that cover an invoice in part, in a match that is made or suggested
partial_payments as (
    select
        'partial_payment_allocation_rate' as sli,
        items.event_at,
        case when items.status = 'closed' then 1 else 0 end as numerator,
        1 as denominator,
        case when items.status = 'closed' then 0 else 1 end as is_bad,
        item_decisions.decided_at as known_at,
        case when items.event_at >= batch_arrivals.news_from then batch_arrivals.ingested_at end
            as arrived_at,
        items.party_id,
        {{ gateway_of('items') }} as gateway,
        items.batch_id
    from items
    inner join in_part_receipts
        on items.item_key = in_part_receipts.item_key
    left join item_decisions
        on items.item_key = item_decisions.item_key
    left join batch_arrivals
        on items.batch_id = batch_arrivals.batch_id and items.feed = batch_arrivals.record_feed
    where items.side = 'actual' and items.amount > 0 and items.status <> 'set_aside'
),

posting_attempts as (
    select
        'posting_error_rate' as sli,
        posting_results.attempted_at as event_at,
        case when posting_results.status in ('failed', 'rejected') then 1 else 0 end as numerator,
        1 as denominator,
        case when posting_results.status in ('failed', 'rejected') then 1 else 0 end as is_bad,
        batch_arrivals.ingested_at as known_at,
        case
            when posting_results.attempted_at >= batch_arrivals.news_from
                then batch_arrivals.ingested_at
        end as arrived_at,
        timed_matches.party_id,
        timed_matches.gateway,
        posting_results._batch_id as batch_id
    from posting_results
    left join postings
        on posting_results.posting_key = postings.posting_key
    left join timed_matches
        on postings.match_id = timed_matches.match_id
    left join batch_arrivals
        on
            posting_results._batch_id = batch_arrivals.batch_id
            and batch_arrivals.record_feed = 'posting_results'
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

-- by their days, because a join by moments alone would sort all events
gap_days as (
    select
        calendar.calendar_date,
        run_gaps.after_at,
        run_gaps.seen_at
    from {{ date_spine(first_date, as_of_date()) }} as calendar
    inner join run_gaps
        on
            calendar.calendar_date >= cast(run_gaps.after_at as date)
            and calendar.calendar_date <= cast(run_gaps.seen_at as date)
),

dated as (
    select
        events.*,
        cast(events.event_at as date) as event_date,
        cast(events.known_at as date) as known_on,
        {{ seconds_between(
            'greatest('
            ~ 'coalesce(gap_days.seen_at, events.event_at), '
            ~ 'coalesce(events.arrived_at, events.event_at))',
            as_of()
        ) }} as age_seconds,
        events.event_at > {{ add_days(as_of(), '-31') }} as is_recent,
        case when events.event_at > {{ add_days(as_of(), '-31') }} then events.party_id end
            as recent_party_id
    from events
    left join gap_days
        on
            cast(events.event_at as date) = gap_days.calendar_date
            and events.event_at > gap_days.after_at
            and events.event_at <= gap_days.seen_at
    where events.event_at <= {{ as_of() }}
),

-- a short window counts minutes, a long one is told by its hours
aged as (
    select
        dated.*,
        case
            when dated.age_seconds >= 60 * budget_span.window_minutes then null
            when dated.age_seconds < 21600 then 5 * cast(floor(dated.age_seconds / 300) as bigint)
            else 60 * cast(floor(dated.age_seconds / 3600) as bigint)
        end as age_minutes,
        customers.tier as customer_tier,
        case when dated.is_recent then dated.gateway end as by_gateway,
        case when dated.is_recent then dated.batch_id end as by_batch_id,
        case when dated.known_on > dated.event_date then dated.known_on end as restated_on,
        case
            when dated.is_bad = 1 and dated.age_seconds < 60 * customers_span.window_minutes
                then dated.party_id
        end as bad_party_id
    from dated
    cross join budget_span
    cross join customers_span
    left join customers
        on dated.recent_party_id = customers.customer_id
),

final as (
    select
        aged.sli,
        aged.event_date,
        aged.age_minutes,
        aged.customer_tier,
        aged.by_gateway as gateway,
        aged.by_batch_id as batch_id,
        aged.restated_on as known_on,
        aged.bad_party_id,
        {{ as_amount('sum(aged.numerator)') }} as numerator,
        {{ as_amount('sum(aged.denominator)') }} as denominator,
        cast(count(*) as bigint) as events,
        cast(sum(aged.is_bad) as bigint) as bad_events,
        min(case when aged.is_bad = 1 then aged.event_at end) as first_bad_at
    from aged
    group by
        aged.sli,
        aged.event_date,
        aged.age_minutes,
        aged.customer_tier,
        aged.by_gateway,
        aged.by_batch_id,
        aged.restated_on,
        aged.bad_party_id
)

select * from final
