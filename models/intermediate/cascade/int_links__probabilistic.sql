-- Units that are each other's likeliest partner, by the weight of everything that speaks
-- for and against. Where the payer is a customer, amount and days alone prove nothing.
with

pairs as (select * from {{ ref('int_pairs__probabilistic') }}),

rules as (
    select
        exact_rules.reconciliation,
        exact_rules.confidence as smallest_certain,
        mismatch_rules.confidence as smallest_shown,
        reconciliations.party_kind = 'account' as is_within_party
    from {{ ref('int_match_rules__valid') }} as exact_rules
    inner join {{ ref('int_match_rules__valid') }} as mismatch_rules
        on
            exact_rules.reconciliation = mismatch_rules.reconciliation
            and mismatch_rules.pass = 'probabilistic'
            and mismatch_rules.relation = 'mismatch'
            and mismatch_rules.rollout = 'stable'
    inner join {{ ref('reconciliations') }} as reconciliations
        on exact_rules.reconciliation = reconciliations.name
    where
        exact_rules.pass = 'probabilistic'
        and exact_rules.relation = 'exact'
        and exact_rules.rollout = 'stable'
),

final as (
    select
        pairs.reconciliation,
        pairs.expected_unit,
        pairs.actual_unit,
        'the words, dates and amounts make it likely: '
        || {{ amount_text('round(pairs.probability, 4)') }} as evidence,
        pairs.probability < rules.smallest_certain as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        pairs.expected_unit || '~' || pairs.actual_unit as group_name,
        pairs.score,
        pairs.probability,
        pairs.margin_for_expected,
        pairs.margin_for_actual,
        {{ score_parts('pairs') }} as score_parts
    from pairs
    inner join rules
        on pairs.reconciliation = rules.reconciliation
    where
        pairs.rank_for_expected = 1
        and pairs.rank_for_actual = 1
        and pairs.probability >= rules.smallest_shown
        and (
            rules.is_within_party
            or pairs.party_weight + pairs.reference_weight + pairs.shared_words_weight > 0
        )
)

select * from final
