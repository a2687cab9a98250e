-- Every version of every rule with the controls that hold for it: the rule's own, else its
-- method's.
with

rules as (select * from {{ ref('match_rules') }}),

controls as (select * from {{ ref('rule_controls') }}),

final as (
    select
        rules.rule_id,
        rules.rule_version,
        coalesce(own_controls.certification, controls.certification) as certification,
        coalesce(own_controls.false_share, controls.false_share) as false_share,
        coalesce(own_controls.audit_share, controls.audit_share) as audit_share,
        coalesce(own_controls.audit_salt, controls.audit_salt) as audit_salt,
        coalesce(own_controls.breaker_days, controls.breaker_days) as breaker_days,
        coalesce(own_controls.breaker_share, controls.breaker_share) as breaker_share,
        coalesce(own_controls.breaker_least, controls.breaker_least) as breaker_least,
        coalesce(own_controls.breaker_rest_days, controls.breaker_rest_days) as breaker_rest_days
    from rules
    left join controls as own_controls
        on rules.method = own_controls.method and rules.rule_id = own_controls.rule_id
    left join controls
        on rules.method = controls.method and controls.rule_id = '*'
)

select * from final
