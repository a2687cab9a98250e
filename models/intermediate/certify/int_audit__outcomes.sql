-- What people found of what rules decide. A salted sample of the automatic closes is audited:
-- whoever approves such a match confirms it, whoever undoes it calls it false. While a rule may
-- not close by itself, what people say to its otherwise plain suggestions is an audit too. Only
-- what was sealed before this run's moment counts: a run done again finds what it found before.
with

sealed as (select * from {{ ref('int_journal__matches') }}),

controls as (select * from {{ ref('int_rule_controls__applied') }}),

undone_matches as (

    {{ undone_matches() }}

),

undone as (
    select
        undone_matches.match_id,
        coalesce(undone_matches.undone_at, {{ as_of() }}) as undone_at
    from undone_matches
),

confirmed as (
    select distinct decisions.match_id
    from {{ ref('stg_review__decisions') }} as decisions
    where decisions.action = 'approve_match' and decisions.decided_at <= {{ as_of() }}
),

-- people's answers to suggestions that were plain but for the rule's certificate or breaker
entries as (
    select
        journal_entries.subject_id as match_id,
        journal_entries.entry_type,
        journal_entries.occurred_at,
        {{ json_get('journal_entries.payload', 'rule_id') }} as rule_id,
        {{ json_get('journal_entries.payload', 'rule_version') }} as rule_version,
        {{ json_get('journal_entries.payload', 'ambiguity') }} as ambiguity
    from {{ ref('stg_tieout__journal_entries') }} as journal_entries
    inner join {{ ref('stg_tieout__journal_blocks') }} as journal_blocks
        on journal_entries.block = journal_blocks.block
    left join sealed
        on journal_entries.subject_id = sealed.match_id
    where
        journal_blocks.sealed_at < {{ as_of() }}
        and (
            (journal_entries.entry_type = 'match_closed' and sealed.decision = 'approved')
            or journal_entries.entry_type = 'match_rejected'
        )
),

hashed as (
    select
        sealed.match_id,
        sealed.rule_id,
        sealed.rule_version,
        sealed.decided_at,
        controls.audit_share,
        {{ sha256_hex("controls.audit_salt || '|' || sealed.match_id") }} as audit_hash
    from sealed
    inner join controls
        on
            sealed.rule_id = controls.rule_id
            and sealed.rule_version = controls.rule_version
    where sealed.decision = 'auto_closed' and sealed.decided_at < {{ as_of() }}
),

closes as (
    select
        hashed.match_id,
        hashed.rule_id,
        hashed.rule_version,
        hashed.decided_at,
        {{ hash_bucket('hashed.audit_hash') }} < hashed.audit_share * 65536 as is_sampled,
        true as is_automatic,
        undone.undone_at,
        case
            when undone.match_id is not null then 'false'
            when confirmed.match_id is not null then 'confirmed'
            else 'open'
        end as outcome
    from hashed
    left join undone
        on hashed.match_id = undone.match_id
    left join confirmed
        on hashed.match_id = confirmed.match_id
),

answers as (
    select
        entries.match_id,
        entries.rule_id,
        entries.rule_version,
        entries.occurred_at as decided_at,
        true as is_sampled,
        false as is_automatic,
        undone.undone_at,
        case
            when entries.entry_type = 'match_rejected' or undone.match_id is not null then 'false'
            else 'confirmed'
        end as outcome
    from entries
    left join undone
        on entries.match_id = undone.match_id
    where entries.ambiguity in ('not_certified', 'breaker_open')
),

final as (
    select * from closes
    union all
    select * from answers
)

select * from final
