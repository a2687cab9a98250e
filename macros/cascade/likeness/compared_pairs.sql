{#-
    Pairs of units worth comparing, and how they compare: the body of int_pairs__compared (what is
    open) and int_training__pairs (everything), one row per pair. The steps are macros beside this
    one, in their order: `block_units`, `pair_units`, `share_words`, `near_numbers`.

    open_model: items, in the columns of int_open__unmatched. words_model: their words
    (`unit_words`).
-#}
{% macro compared_pairs(open_model, words_model) %}
with

open_items as (select * from {{ ref(open_model) }}),

unit_words as (select * from {{ ref(words_model) }}),

texts as (select * from {{ ref('int_item_texts') }}),

declined as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

-- how far amounts and dates may be apart to be looked at
limits as (
    select
        rules.reconciliation,
        rules.tolerance_relative,
        rules.days_before,
        rules.days_after,
        reconciliations.party_kind = 'account' as is_within_party
    from {{ ref('int_match_rules__valid') }} as rules
    inner join {{ ref('reconciliations') }} as reconciliations
        on rules.reconciliation = reconciliations.name
    where
        rules.pass = 'probabilistic'
        and rules.relation = 'mismatch'
        and rules.rollout = 'stable'
),

{{ units_of('open_items') }},

{{ block_units() }},

{{ pair_units() }},

{{ share_words() }},

{{ near_numbers() }},

final as (
    select
        pairs.reconciliation,
        pairs.expected_unit,
        pairs.actual_unit,
        pairs.expected_amount,
        pairs.actual_amount,
        {{ decimal_divide(
            'abs(pairs.expected_amount - pairs.actual_amount)',
            'greatest(abs(pairs.expected_amount), abs(pairs.actual_amount))',
            6
        ) }} as amount_distance,
        cast(pairs.days_apart as {{ amount_type() }}) as days_apart,
        cast(
            case
                when pairs.is_within_party then null
                when pairs.expected_family = pairs.actual_family then 2
                when pairs.expected_family is null or pairs.actual_family is null then 1
                else 0
            end as {{ amount_type() }}
        ) as party_agreement,
        case
            when near_numbers.edits is not null
                then cast(least(near_numbers.edits, 3) as {{ amount_type() }})
        end as reference_edits,
        pair_words.shared_bits,
        cast(
            least(pair_words.expected_rest, pair_words.actual_rest) as {{ amount_type() }}
        ) as contradicting_bits,
        cast(
            greatest(pair_words.expected_rest, pair_words.actual_rest) as {{ amount_type() }}
        ) as unmatched_bits
    from pairs
    left join pair_words
        on
            pairs.expected_unit = pair_words.expected_unit
            and pairs.actual_unit = pair_words.actual_unit
    left join near_numbers
        on
            pairs.expected_unit = near_numbers.expected_unit
            and pairs.actual_unit = near_numbers.actual_unit
)

select * from final
{% endmacro %}
