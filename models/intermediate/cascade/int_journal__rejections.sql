-- The suggestions that people have declined, as the journal says it; each once.
with

entries as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where entry_type = 'match_rejected'
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
        entries.said.explanation,
        entries.said.match_currency as currency,
        {{ amount_from_text('entries.said.amount') }} as amount,
        {{ amount_from_text('entries.said.difference_amount') }} as difference_amount,
        entries.said.adjustment_kind,
        entries.said.ambiguity,
        entries.said.run_id,
        entries.said.items,
        entries.occurred_at as decided_at,
        entries.actor as decided_by
    from {{ with_json_members(
        'entries',
        'payload',
        'said',
        [
            'adjustment_kind', 'ambiguity', 'amount', 'confidence', 'difference_amount',
            'explanation', 'items', 'match_currency', 'method', 'pass', 'reconciliation',
            'relation', 'rule_id', 'rule_version', 'run_id'
        ]
    ) }}
    qualify row_number() over (
        partition by entries.subject_id order by entries.block asc nulls last
    ) = 1
)

select * from final
