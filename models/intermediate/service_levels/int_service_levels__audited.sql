{{ config(tags=['after_seal']) }}

-- Whether each decision about a match is in the sealed log with the hashes of its rows. Read after
-- the seal. Runs decide in moments of their own, so what they decided stays as it was counted; how
-- long ago that is, is asked where it is read.
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

decisions as (
    select
        matches.decided_at,
        case when entries.subject_id is not null then 1 else 0 end as is_sealed,
        customers.tier as customer_tier,
        timed_matches.gateway,
        timed_matches.batch_id
    from matches
    left join timed_matches
        on matches.match_id = timed_matches.match_id
    left join customers
        on timed_matches.party_id = customers.customer_id
    left join entries
        on
            matches.match_id = entries.subject_id
            and entries.entry_type
            = case when matches.decision = 'reversed' then 'match_reversed' else 'match_closed' end
),

final as (
    select
        'audit_completeness' as sli,
        decisions.decided_at,
        cast(decisions.decided_at as date) as event_date,
        decisions.customer_tier,
        decisions.gateway,
        decisions.batch_id,
        {{ as_amount('sum(decisions.is_sealed)') }} as numerator,
        {{ as_amount('count(*)') }} as denominator,
        cast(count(*) as bigint) as events,
        cast(sum(1 - decisions.is_sealed) as bigint) as bad_events,
        min(case when decisions.is_sealed = 0 then decisions.decided_at end) as first_bad_at
    from decisions
    group by
        decisions.decided_at,
        decisions.customer_tier,
        decisions.gateway,
        decisions.batch_id
)

select * from final
