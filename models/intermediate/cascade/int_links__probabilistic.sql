-- Units that are each other's likeliest partner, by the weight of everything that speaks for and
-- against, and all that are as likely. Where the payer is a customer, amount and days alone prove
-- nothing.
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

-- a pair that is nobody's second choice, by more than tells likelihoods apart
first_choices as (
    select
        pairs.*,
        max(pairs.probability) over (partition by pairs.expected_unit) - pairs.probability
            as behind_for_expected,
        max(pairs.probability) over (partition by pairs.actual_unit) - pairs.probability
            as behind_for_actual
    from pairs
),

likeliest as (
    select
        first_choices.*,
        rules.smallest_certain,
        rules.smallest_shown,
        greatest(
            count(*) over (partition by first_choices.expected_unit),
            count(*) over (partition by first_choices.actual_unit)
        ) as pairs_that_fit
    from first_choices
    inner join rules
        on first_choices.reconciliation = rules.reconciliation
    where
        first_choices.behind_for_expected < {{ search_limit('smallest_lead_of_a_pair') }}
        and first_choices.behind_for_actual < {{ search_limit('smallest_lead_of_a_pair') }}
        and (
            rules.is_within_party
            or first_choices.party_weight
            + first_choices.reference_weight
            + first_choices.shared_words_weight > 0
        )
),

-- of pairs that are as likely each is shown, where one of them is likely enough to be it
final as (
    select
        likeliest.reconciliation,
        likeliest.expected_unit,
        likeliest.actual_unit,
        'the words, dates and amounts make it likely: '
        || {{ amount_text('round(likeliest.probability, 4)') }} as evidence,
        likeliest.pairs_that_fit > 1 as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        case
            when
                likeliest.pairs_that_fit = 1
                and likeliest.probability < likeliest.smallest_certain
                then 'not_likely_enough'
        end as link_ambiguity,
        likeliest.expected_unit || '~' || likeliest.actual_unit as group_name,
        likeliest.score,
        likeliest.probability,
        likeliest.margin_for_expected,
        likeliest.margin_for_actual,
        {{ score_parts('likeliest') }} as score_parts
    from likeliest
    where
        likeliest.probability * likeliest.pairs_that_fit >= likeliest.smallest_shown
        and likeliest.rank_for_expected <= {{ search_limit('documents_shown') }}
        and likeliest.rank_for_actual <= {{ search_limit('documents_shown') }}
)

select * from final
