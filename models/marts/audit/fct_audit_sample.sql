-- What was closed before this run's moment comes with its outcome, what was closed at it is open.
with

outcomes as (
    select *
    from {{ ref('int_audit__outcomes') }}
    where is_sampled and is_automatic
),

controls as (select * from {{ ref('int_rule_controls__applied') }}),

new_closes as (
    select
        matches.match_id,
        matches.rule_id,
        matches.rule_version,
        matches.decided_at,
        controls.audit_share,
        {{ sha256_hex("controls.audit_salt || '|' || matches.match_id") }} as audit_hash
    from {{ ref('int_matches__decided') }} as matches
    inner join controls
        on
            matches.rule_id = controls.rule_id
            and matches.rule_version = controls.rule_version
    where matches.decision = 'auto_closed' and matches.decided_at >= {{ as_of() }}
),

sampled as (
    select
        outcomes.match_id,
        outcomes.rule_id,
        outcomes.rule_version,
        outcomes.decided_at as sampled_at,
        outcomes.outcome
    from outcomes
    union all
    select
        new_closes.match_id,
        new_closes.rule_id,
        new_closes.rule_version,
        new_closes.decided_at as sampled_at,
        'open' as outcome
    from new_closes
    where {{ hash_bucket('new_closes.audit_hash') }} < new_closes.audit_share * 65536
),

final as (
    select
        sampled.match_id,
        sampled.rule_id,
        sampled.rule_version,
        sampled.sampled_at,
        sampled.outcome
    from sampled
)

select * from final
