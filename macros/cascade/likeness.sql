{#-
    The probabilistic pass in four steps, each the body of a model, so that the pass (what is open)
    and the training (everything) compare in the same way:
    unit_words -> compared_pairs -> compared_levels -> judged_pairs.
-#}


{#-
    The words of every unit of an open model, each with its rarity in bits: log2 of how many items
    there are for each one that says it. A word in every text tells nothing, one in a thousand texts
    tells ten bits. Counted over all items of the reconciliation, open or not.
-#}
{% macro unit_words(open_model) %}
with

open_units as (
    select distinct anchor_item_key as unit_key
    from {{ ref(open_model) }}
),

texts as (select * from {{ ref('int_item_texts') }}),

said as (
    select
        texts.item_key,
        texts.reconciliation,
        texts.side,
        words.position,
        words.word
    from texts
    {{ unnest_positions(split_to_list('texts.item_text', ' '), 'words', 'word', 'position') }}
    where words.word <> ''
),

said_by_open as (
    select said.*
    from said
    inner join open_units
        on said.item_key = open_units.unit_key
),

looked_for as (
    select distinct
        said_by_open.reconciliation,
        said_by_open.word
    from said_by_open
),

frequencies as (
    select
        said.reconciliation,
        said.word,
        count(distinct said.item_key) as item_count
    from said
    inner join looked_for
        on
            said.reconciliation = looked_for.reconciliation
            and said.word = looked_for.word
    group by said.reconciliation, said.word
),

populations as (
    select
        texts.reconciliation,
        count(*) as item_count
    from texts
    group by texts.reconciliation
),

final as (
    select
        said_by_open.item_key as unit_key,
        said_by_open.reconciliation,
        said_by_open.side,
        cast(said_by_open.position as bigint) as position,
        said_by_open.word,
        said_by_open.position = max(said_by_open.position) over (
            partition by said_by_open.item_key
        ) as is_last,
        cast(
            ln(cast(populations.item_count as double) / frequencies.item_count) / ln(2e0)
            as decimal(18, 6)
        ) as bits
    from said_by_open
    inner join frequencies
        on
            said_by_open.reconciliation = frequencies.reconciliation
            and said_by_open.word = frequencies.word
    inner join populations
        on said_by_open.reconciliation = populations.reconciliation
)

select * from final
{% endmacro %}


{#-
    Pairs of units worth comparing, and how they compare. Candidates share a block: the start of the
    text, one of the rarest words, the payer, the exact amount, or nothing else; always with amounts
    and dates of neighbouring steps. A block that holds more units of a side than its row in
    search_limits is left out, so the work is bounded by the number of units.
-#}
{% macro compared_pairs(open_model, words_model) %}
with

open_items as (select * from {{ ref(open_model) }}),

unit_words as (select * from {{ ref(words_model) }}),

texts as (select * from {{ ref('int_item_texts') }}),

declined_pairs as (
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

stepped as (
    select
        units.*,
        limits.tolerance_relative,
        limits.days_before,
        limits.days_after,
        limits.is_within_party,
        texts.item_text,
        units.reconciliation || '|' || units.currency
        || case when units.unit_amount < 0 then '|-|' else '|+|' end
        || case when limits.is_within_party then coalesce(units.family_id, '') else '' end as scope,
        -- the tolerance is a part of the larger amount, so a step is as wide as the way down from
        -- it, and a hair wider, so that a double's last digit parts no pair at the limit
        cast(
            floor(
                ln(cast(abs(units.unit_amount) as double))
                / (-ln(1e0 - cast(limits.tolerance_relative as double)) * (1e0 + 1e-9))
            ) as bigint
        ) as amount_step,
        cast(
            floor(
                cast({{ days_between("date '1970-01-01'", 'units.event_date') }} as double)
                / (limits.days_before + limits.days_after + 1)
            ) as bigint
        ) as day_step
    from units
    inner join limits
        on units.reconciliation = limits.reconciliation
    left join texts
        on units.unit_key = texts.item_key
    where units.unit_amount <> 0
),

rarest_words as (
    select
        unit_words.unit_key,
        unit_words.word,
        row_number() over (
            partition by unit_words.unit_key
            order by unit_words.bits desc nulls last, unit_words.word asc nulls last
        ) as rarity_rank
    from (
        select distinct
            unit_words.unit_key,
            unit_words.word,
            unit_words.bits
        from unit_words
    ) as unit_words
),

-- how many units of one side a block may hold before it says too little to be worth the work
unit_blocks as (
    select
        stepped.unit_key,
        'start ' || substring(stepped.item_text, 1, 3) as block_key,
        {{ search_limit('largest_block_of_start') }} as largest_size
    from stepped
    where stepped.item_text is not null
    union all
    select
        rarest_words.unit_key,
        'word ' || rarest_words.word as block_key,
        {{ search_limit('largest_block_of_word') }} as largest_size
    from rarest_words
    where rarest_words.rarity_rank <= {{ search_limit('rarest_words_compared') }}
    union all
    select
        stepped.unit_key,
        'payer ' || stepped.family_id as block_key,
        {{ search_limit('largest_block_of_payer') }} as largest_size
    from stepped
    where stepped.family_id is not null and not stepped.is_within_party
    union all
    select
        stepped.unit_key,
        'amount ' || cast(abs(stepped.unit_amount) as {{ dbt.type_string() }}) as block_key,
        {{ search_limit('largest_block_of_amount') }} as largest_size
    from stepped
    union all
    -- where little is open, what is near is compared whatever it says
    select
        stepped.unit_key,
        'near' as block_key,
        {{ search_limit('largest_block_of_neighbours') }} as largest_size
    from stepped
),

sized_blocks as (
    select
        unit_blocks.unit_key,
        unit_blocks.block_key,
        unit_blocks.largest_size,
        stepped.scope,
        stepped.side,
        stepped.amount_step,
        stepped.day_step,
        count(*) over (
            partition by
                stepped.scope,
                stepped.side,
                unit_blocks.block_key,
                stepped.amount_step,
                stepped.day_step
        ) as block_size
    from unit_blocks
    inner join stepped
        on unit_blocks.unit_key = stepped.unit_key
),

blocks as (
    select *
    from sized_blocks
    where block_size <= largest_size
),

steps as (
    select -1 as step
    union all
    select 0 as step
    union all
    select 1 as step
),

blocked as (
    select distinct
        expected_blocks.unit_key as expected_unit,
        actual_blocks.unit_key as actual_unit
    from blocks as expected_blocks
    cross join steps as amount_steps
    cross join steps as day_steps
    inner join blocks as actual_blocks
        on
            actual_blocks.side = 'actual'
            and expected_blocks.scope = actual_blocks.scope
            and expected_blocks.block_key = actual_blocks.block_key
            and expected_blocks.amount_step + amount_steps.step = actual_blocks.amount_step
            and expected_blocks.day_step + day_steps.step = actual_blocks.day_step
    where expected_blocks.side = 'expected'
),

candidates as (
    select
        expected_units.reconciliation,
        blocked.expected_unit,
        blocked.actual_unit,
        expected_units.unit_amount as expected_amount,
        actual_units.unit_amount as actual_amount,
        expected_units.family_id as expected_family,
        actual_units.family_id as actual_family,
        {{ days_between('expected_units.event_date', 'actual_units.event_date') }} as days_apart,
        expected_units.is_within_party
    from blocked
    inner join stepped as expected_units
        on blocked.expected_unit = expected_units.unit_key
    inner join stepped as actual_units
        on blocked.actual_unit = actual_units.unit_key
    where
        {{ days_between('expected_units.event_date', 'actual_units.event_date') }}
        between -expected_units.days_before and expected_units.days_after
        and abs(expected_units.unit_amount - actual_units.unit_amount)
        <= expected_units.tolerance_relative
        * greatest(abs(expected_units.unit_amount), abs(actual_units.unit_amount))
),

pairs as (
    select candidates.*
    from candidates
    left join declined_pairs
        on
            candidates.expected_unit = declined_pairs.expected_item_key
            and candidates.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
),

-- the last word of a text can be cut off
shared_words as (
    select
        pairs.expected_unit,
        pairs.actual_unit,
        expected_words.position as expected_position,
        actual_words.position as actual_position,
        expected_words.bits as expected_bits,
        actual_words.bits as actual_bits
    from pairs
    inner join unit_words as expected_words
        on pairs.expected_unit = expected_words.unit_key
    inner join unit_words as actual_words
        on pairs.actual_unit = actual_words.unit_key
    where
        expected_words.word = actual_words.word
        or (
            actual_words.is_last
            and substring(expected_words.word, 1, length(actual_words.word)) = actual_words.word
        )
        or (
            expected_words.is_last
            and substring(actual_words.word, 1, length(expected_words.word)) = expected_words.word
        )
),

shared_of_expected as (
    select
        by_word.expected_unit,
        by_word.actual_unit,
        sum(by_word.bits) as shared_bits,
        sum(by_word.own_bits) as own_bits
    from (
        select
            shared_words.expected_unit,
            shared_words.actual_unit,
            shared_words.expected_position,
            min(least(shared_words.expected_bits, shared_words.actual_bits)) as bits,
            min(shared_words.expected_bits) as own_bits
        from shared_words
        group by
            shared_words.expected_unit,
            shared_words.actual_unit,
            shared_words.expected_position
    ) as by_word
    group by by_word.expected_unit, by_word.actual_unit
),

shared_of_actual as (
    select
        by_word.expected_unit,
        by_word.actual_unit,
        sum(by_word.own_bits) as own_bits
    from (
        select
            shared_words.expected_unit,
            shared_words.actual_unit,
            shared_words.actual_position,
            min(shared_words.actual_bits) as own_bits
        from shared_words
        group by
            shared_words.expected_unit,
            shared_words.actual_unit,
            shared_words.actual_position
    ) as by_word
    group by by_word.expected_unit, by_word.actual_unit
),

unit_bits as (
    select
        unit_words.unit_key,
        sum(unit_words.bits) as bits
    from unit_words
    group by unit_words.unit_key
),

-- a number with one digit wrong, missing or too many
near_numbers as (
    select
        pairs.expected_unit,
        pairs.actual_unit,
        min(levenshtein(expected_words.word, actual_words.word)) as edits
    from pairs
    inner join unit_words as expected_words
        on pairs.expected_unit = expected_words.unit_key
    inner join unit_words as actual_words
        on pairs.actual_unit = actual_words.unit_key
    where
        {{ regex_matches('expected_words.word', '^[A-Z]*[0-9]{5,}$') }}
        and {{ regex_matches('actual_words.word', '^[A-Z]*[0-9]{5,}$') }}
    group by pairs.expected_unit, pairs.actual_unit
),

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
        -- words are compared where both sides have some
        case
            when expected_bits.unit_key is not null and actual_bits.unit_key is not null
                then cast(coalesce(shared_of_expected.shared_bits, 0) as {{ amount_type() }})
        end as shared_bits,
        case
            when expected_bits.unit_key is not null and actual_bits.unit_key is not null
                then cast(
                    least(
                        expected_bits.bits - coalesce(shared_of_expected.own_bits, 0),
                        actual_bits.bits - coalesce(shared_of_actual.own_bits, 0)
                    ) as {{ amount_type() }}
                )
        end as contradicting_bits,
        case
            when expected_bits.unit_key is not null and actual_bits.unit_key is not null
                then cast(
                    greatest(
                        expected_bits.bits - coalesce(shared_of_expected.own_bits, 0),
                        actual_bits.bits - coalesce(shared_of_actual.own_bits, 0)
                    ) as {{ amount_type() }}
                )
        end as unmatched_bits
    from pairs
    left join unit_bits as expected_bits
        on pairs.expected_unit = expected_bits.unit_key
    left join unit_bits as actual_bits
        on pairs.actual_unit = actual_bits.unit_key
    left join shared_of_expected
        on
            pairs.expected_unit = shared_of_expected.expected_unit
            and pairs.actual_unit = shared_of_expected.actual_unit
    left join shared_of_actual
        on
            pairs.expected_unit = shared_of_actual.expected_unit
            and pairs.actual_unit = shared_of_actual.actual_unit
    left join near_numbers
        on
            pairs.expected_unit = near_numbers.expected_unit
            and pairs.actual_unit = near_numbers.actual_unit
)

select * from final
{% endmacro %}


{#- The comparisons of a pair: name -> column of compared_pairs. -#}
{% macro comparisons() %}
    {% do return({
        'amount': 'amount_distance',
        'days': 'days_apart',
        'party': 'party_agreement',
        'reference': 'reference_edits',
        'shared_words': 'shared_bits',
        'contradicting_words': 'contradicting_bits',
        'unmatched_words': 'unmatched_bits',
    }) %}
{% endmacro %}


{#-
    One row per pair and comparison with its level: where the measure falls in the weights table. A
    measure that is absent has no level, and says nothing for or against.
-#}
{% macro compared_levels(pairs_relation) %}
measures as (
    {% for comparison, column in comparisons().items() -%}
    select
        {{ pairs_relation }}.reconciliation,
        {{ pairs_relation }}.expected_unit,
        {{ pairs_relation }}.actual_unit,
        '{{ comparison }}' as comparison,
        {{ pairs_relation }}.{{ column }} as measure
    from {{ pairs_relation }}
    where {{ pairs_relation }}.{{ column }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

pair_levels as (
    select
        measures.reconciliation,
        measures.expected_unit,
        measures.actual_unit,
        measures.comparison,
        weights.level,
        weights.weight
    from measures
    inner join weights
        on
            measures.reconciliation = weights.reconciliation
            and measures.comparison = weights.comparison
            and measures.measure >= weights.lower_bound
            and (weights.upper_bound is null or measures.measure < weights.upper_bound)
)
{% endmacro %}


{#-
    What the pairs are worth. `score` is the log-odds of a pair by itself: the prior and the weight of
    each comparison's level. `probability` also knows that an item has one partner: belief
    propagation on the pairs, some rounds of "how good is this pair beside all others of the
    one side, given what these have on the other". With one partner possible it is the score's; two
    equal ones share it. Messages are decimals, so that sums do not depend on the order of rows.

    compared_model: pairs as compared_pairs gives them. Yields judged_pairs as the last CTE.
-#}
{% macro judged_pairs(compared_model, rounds=6) %}
{%- set odds_type = 'decimal(38, 12)' %}
with

pairs as (select * from {{ ref(compared_model) }}),

weights as (select * from {{ ref('int_match_weights') }}),

{{ compared_levels('pairs') }},

scored as (
    select
        pair_levels.reconciliation,
        pair_levels.expected_unit,
        pair_levels.actual_unit,
        cast(priors.weight + sum(pair_levels.weight) as {{ amount_type() }}) as score,
        priors.weight as prior_weight,
        {% for comparison in comparisons() -%}
        cast(
            sum(
                case
                    when pair_levels.comparison = '{{ comparison }}' then pair_levels.weight
                    else 0
                end
            ) as {{ amount_type() }}
        ) as {{ comparison }}_weight{{ ',' if not loop.last }}
        {% endfor %}
    from pair_levels
    inner join weights as priors
        on
            pair_levels.reconciliation = priors.reconciliation
            and priors.comparison = 'prior'
    group by
        pair_levels.reconciliation,
        pair_levels.expected_unit,
        pair_levels.actual_unit,
        priors.weight
),

-- odds beyond e^18 either way say no more, and what is below e^-6 weighs nothing beside them
message_0 as (
    select
        scored.expected_unit,
        scored.actual_unit,
        cast(exp(least(18e0, cast(scored.score as double))) as {{ odds_type }}) as pair_odds,
        cast(exp(least(18e0, cast(scored.score as double))) as {{ odds_type }}) as from_expected
    from scored
    where scored.score > -6
),
{% for round in range(1, rounds + 1) %}
reply_{{ round }} as (
    select
        message_{{ round - 1 }}.expected_unit,
        message_{{ round - 1 }}.actual_unit,
        message_{{ round - 1 }}.pair_odds,
        cast(
            cast(message_{{ round - 1 }}.pair_odds as double) / (
                1e0 + cast(
                    sum(message_{{ round - 1 }}.from_expected) over (
                        partition by message_{{ round - 1 }}.actual_unit
                    ) - message_{{ round - 1 }}.from_expected as double
                )
            ) as {{ odds_type }}
        ) as from_actual
    from message_{{ round - 1 }}
),

message_{{ round }} as (
    select
        reply_{{ round }}.expected_unit,
        reply_{{ round }}.actual_unit,
        reply_{{ round }}.pair_odds,
        {% if loop.last %}reply_{{ round }}.from_actual,{% endif %}
        cast(
            cast(reply_{{ round }}.pair_odds as double) / (
                1e0 + cast(
                    sum(reply_{{ round }}.from_actual) over (
                        partition by reply_{{ round }}.expected_unit
                    ) - reply_{{ round }}.from_actual as double
                )
            ) as {{ odds_type }}
        ) as from_expected
    from reply_{{ round }}
),
{% endfor %}
posteriors as (
    select
        message_{{ rounds }}.expected_unit,
        message_{{ rounds }}.actual_unit,
        cast(message_{{ rounds }}.from_expected as double)
        * cast(message_{{ rounds }}.from_actual as double)
        / cast(message_{{ rounds }}.pair_odds as double) as odds
    from message_{{ rounds }}
),

judged_pairs as (
    select
        scored.*,
        cast(round(posteriors.odds / (1e0 + posteriors.odds), 6) as {{ amount_type() }})
            as probability
    from scored
    inner join posteriors
        on
            scored.expected_unit = posteriors.expected_unit
            and scored.actual_unit = posteriors.actual_unit
)
{% endmacro %}


{#- The parts of a pair's score as JSON: the weight of each comparison's level, and the prior. -#}
{% macro score_parts(relation) -%}
    {%- set members = [['prior', json_string(amount_text('round(' ~ relation ~ '.prior_weight, 3)'))]] -%}
    {%- for comparison in comparisons() -%}
        {%- do members.append([comparison, json_string(amount_text('round(' ~ relation ~ '.' ~ comparison ~ '_weight, 3)'))]) -%}
    {%- endfor -%}
    {{ json_object_raw(members) }}
{%- endmacro %}
