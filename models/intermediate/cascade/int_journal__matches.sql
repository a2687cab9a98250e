-- What the journal says was closed. Blocks are never rewritten, so a new block is only appended.
with

entries as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where
        entry_type = 'match_closed'
),

final as (
    select
        entries.block,
        entries.subject_id as match_id,
        entries.said.reconciliation,
        entries.said.rule_id,
        entries.said.rule_version,
        entries.said.pass,
        entries.said.relation,
        entries.said.method,
        {{ amount_from_text('entries.said.confidence') }} as confidence,
        entries.said.decision,
        entries.said.explanation,
        entries.said.match_currency as currency,
        {{ amount_from_text('entries.said.amount') }} as amount,
        {{ amount_from_text('entries.said.difference_amount') }} as difference_amount,
        entries.said.adjustment_kind,
        entries.said.ambiguity,
        entries.said.run_id,
        entries.said.items,
        entries.said.lines,
        entries.said.base_currency,
        entries.occurred_at as decided_at,
        entries.actor as decided_by
    from {{ with_json_members(
        'entries',
        'payload',
        'said',
        [
            'adjustment_kind', 'ambiguity', 'amount', 'base_currency', 'confidence', 'decision',
            'difference_amount', 'explanation', 'items', 'lines', 'match_currency', 'method', 'pass',
            'reconciliation', 'relation', 'rule_id', 'rule_version', 'run_id'
        ]
    ) }}
)

select * from final
