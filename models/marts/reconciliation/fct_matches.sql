with

matches as (select * from {{ ref('int_matches__decided') }}),

final as (
    select
        matches.match_id,
        matches.reconciliation,
        matches.rule_id,
        matches.rule_version,
        matches.method,
        matches.confidence,
        matches.decision,
        matches.explanation,
        matches.item_count,
        matches.amount,
        matches.currency,
        matches.difference_amount,
        matches.adjustment_kind,
        coalesce(matches.decided_at, {{ as_of() }}) as decided_at,
        matches.decided_by,
        coalesce(matches.run_id, {{ run_id() }}) as run_id,
        matches.is_live,
        matches.pass,
        matches.relation,
        matches.ambiguity,
        matches.reversal_reason
    from matches
)

select * from final
