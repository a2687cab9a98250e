{{ config(tags=['after_seal']) }}

-- Whether each decision about a match is in the sealed log with the hashes of its rows. Read after
-- the seal; the shape is that of int_service_levels__events.
with

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where decision in ('auto_closed', 'approved', 'reversed')
),

entries as (
    select distinct
        journal_entries.entry_type,
        journal_entries.subject_id
    from {{ ref('stg_tieout__journal_entries') }} as journal_entries
    where
        journal_entries.subject_type = 'match'
        and journal_entries.entry_type in ('match_closed', 'match_reversed')
        and {{ list_length('journal_entries.source_hashes') }} > 0
),

-- whose each match is
timed_matches as (select * from {{ ref('int_matches__timed') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

budget_span as (
    select max(windows.window_minutes) as window_minutes
    from {{ ref('service_level_windows') }} as windows
    where windows.kind = 'budget'
),

decisions as (
    select
        matches.decided_at as event_at,
        {{ seconds_between('matches.decided_at', as_of()) }} as age_seconds,
        budget_span.window_minutes,
        case when entries.subject_id is not null then 1 else 0 end as is_sealed,
        customers.tier as customer_tier,
        recent_matches.gateway,
        recent_matches.batch_id
    from matches
    cross join budget_span
    left join timed_matches as recent_matches
        on
            matches.match_id = recent_matches.match_id
            and recent_matches.decided_at > {{ add_days(as_of(), '-31') }}
    left join customers
        on recent_matches.party_id = customers.customer_id
    left join entries
        on
            matches.match_id = entries.subject_id
            and entries.entry_type
            = case when matches.decision = 'reversed' then 'match_reversed' else 'match_closed' end
),

final as (
    select
        'audit_completeness' as sli,
        cast(decisions.event_at as date) as event_date,
        case
            when decisions.age_seconds < 60 * decisions.window_minutes
                then 5 * cast(floor(decisions.age_seconds / 300) as bigint)
        end as age_minutes,
        decisions.customer_tier,
        decisions.gateway,
        decisions.batch_id,
        {{ as_amount('sum(decisions.is_sealed)') }} as numerator,
        {{ as_amount('count(*)') }} as denominator,
        cast(count(*) as bigint) as events,
        cast(sum(1 - decisions.is_sealed) as bigint) as bad_events,
        min(case when decisions.is_sealed = 0 then decisions.event_at end) as first_bad_at
    from decisions
    group by
        cast(decisions.event_at as date),
        case
            when decisions.age_seconds < 60 * decisions.window_minutes
                then 5 * cast(floor(decisions.age_seconds / 300) as bigint)
        end,
        decisions.customer_tier,
        decisions.gateway,
        decisions.batch_id
)

select * from final
