with

rules as (select * from {{ ref('match_rules') }}),

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
        rules.adjustment_kind,
        rules.largest_amount,
        rules.days_before,
        rules.days_after,
        rules.days_margin,
        rules.valid_from,
        rules.valid_to,
        rules.valid_from <= {{ as_of_date() }}
        and coalesce(rules.valid_to > {{ as_of_date() }}, true) as is_in_force,
        rules.explanation
    from rules
)

select * from final
