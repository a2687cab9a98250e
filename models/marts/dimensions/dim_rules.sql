with

rules as (select * from {{ ref('match_rules') }}),

certificates as (select * from {{ ref('int_rule_certificates') }}),

passes as (select * from {{ ref('passes') }}),

relations as (select * from {{ ref('match_relations') }}),

final as (
    select
        rules.rule_id,
        rules.rule_version,
        rules.reconciliation,
        rules.pass,
        rules.relation,
        rules.method,
        rules.closes_by_itself,
        rules.confidence,
        rules.tolerance_minor_units,
        rules.tolerance_relative,
        rules.tolerance_reporting,
        rules.adjustment_kind,
        rules.largest_amount,
        rules.days_before,
        rules.days_after,
        rules.days_margin,
        rules.canary_share,
        rules.valid_from,
        rules.valid_to,
        rules.valid_from <= {{ as_of_date() }}
        and coalesce(rules.valid_to > {{ as_of_date() }}, true) as is_in_force,
        rules.explanation,
        passes.meaning as pass_meaning,
        relations.meaning as relation_meaning,
        certificates.certification,
        certificates.is_certified,
        certificates.closed_count,
        certificates.undone_count,
        certificates.audited_count,
        certificates.error_count,
        certificates.least_audited,
        case when certificates.is_breaker_open then 'open' else 'closed' end as breaker_state,
        certificates.breaker_since,
        certificates.breaker_until,
        certificates.breaker_evidence
    from rules
    inner join certificates
        on
            rules.rule_id = certificates.rule_id
            and rules.rule_version = certificates.rule_version
    left join passes
        on rules.pass = passes.pass
    left join relations
        on rules.relation = relations.relation
)

select * from final
