-- What people found of what rules decide. A salted sample of the automatic closes is audited:
-- whoever approves such a match confirms it, whoever undoes it calls it false. While a rule may
-- not close by itself, what people say to its otherwise plain suggestions is an audit too. Only
-- what was sealed before this run's moment counts: a run done again finds what it found before.
with

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

-- people's answers to suggestions, as they were sealed
answered as (
    select
        approved.block,
        approved.match_id,
        approved.rule_id,
        approved.rule_version,
        approved.ambiguity,
        approved.decided_at,
        false as is_rejected
    from {{ ref('int_journal__matches') }} as approved
    where approved.decision = 'approved'
    union all
    select
        rejections.block,
        rejections.match_id,
        rejections.rule_id,
        rejections.rule_version,
        rejections.ambiguity,
        rejections.decided_at,
        true as is_rejected
    from {{ ref('int_journal__rejections') }} as rejections
),

hashed as (
    select
        sealed.match_id,
        sealed.rule_id,
        sealed.rule_version,
        sealed.decided_at,
        controls.audit_share,
        {{ sha256_hex("controls.audit_salt || '|' || sealed.match_id") }} as audit_hash
    from {{ ref('int_journal__matches') }} as sealed
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

-- to those that were plain but for the rule's certificate or breaker
answers as (
    select
        answered.match_id,
        answered.rule_id,
        answered.rule_version,
        answered.decided_at,
        true as is_sampled,
        false as is_automatic,
        undone.undone_at,
        case
            when answered.is_rejected or undone.match_id is not null then 'false'
            else 'confirmed'
        end as outcome
    from answered
    inner join {{ ref('stg_tieout__journal_blocks') }} as journal_blocks
        on answered.block = journal_blocks.block
    left join undone
        on answered.match_id = undone.match_id
    where
        journal_blocks.sealed_at < {{ as_of() }}
        and answered.ambiguity in ('not_certified', 'breaker_open')
),

final as (
    select * from closes
    union all
    select * from answers
)

select * from final
