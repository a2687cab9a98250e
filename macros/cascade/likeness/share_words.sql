{#-
    Third step of comparing pairs, as CTEs `shared_words` to `pair_words`: what the texts of a pair
    have in common, and what each says beside, in bits of rarity. A word counts once for each place
    in a text, with the less of what it is worth on the two sides.

    Reads `pairs`, `unit_words`. Yields `pair_words`, one row per pair of which both say something:
    `shared_bits`, and what is left of the words of each side (`expected_rest`, `actual_rest`).
-#}
{% macro share_words() %}
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

shared_places as (
    select
        shared_words.expected_unit,
        shared_words.actual_unit,
        shared_words.expected_position,
        shared_words.expected_bits,
        min(least(shared_words.expected_bits, shared_words.actual_bits)) as bits
    from shared_words
    group by
        shared_words.expected_unit,
        shared_words.actual_unit,
        shared_words.expected_position,
        shared_words.expected_bits
),

shared_of_expected as (
    select
        shared_places.expected_unit,
        shared_places.actual_unit,
        sum(shared_places.bits) as shared_bits,
        sum(shared_places.expected_bits) as own_bits
    from shared_places
    group by shared_places.expected_unit, shared_places.actual_unit
),

shared_of_actual as (
    select
        by_place.expected_unit,
        by_place.actual_unit,
        sum(by_place.actual_bits) as own_bits
    from (
        select distinct
            shared_words.expected_unit,
            shared_words.actual_unit,
            shared_words.actual_position,
            shared_words.actual_bits
        from shared_words
    ) as by_place
    group by by_place.expected_unit, by_place.actual_unit
),

unit_bits as (
    select
        unit_words.unit_key,
        sum(unit_words.bits) as bits
    from unit_words
    group by unit_words.unit_key
),

pair_words as (
    select
        pairs.expected_unit,
        pairs.actual_unit,
        cast(coalesce(shared_of_expected.shared_bits, 0) as {{ amount_type() }}) as shared_bits,
        expected_bits.bits - coalesce(shared_of_expected.own_bits, 0) as expected_rest,
        actual_bits.bits - coalesce(shared_of_actual.own_bits, 0) as actual_rest
    from pairs
    inner join unit_bits as expected_bits
        on pairs.expected_unit = expected_bits.unit_key
    inner join unit_bits as actual_bits
        on pairs.actual_unit = actual_bits.unit_key
    left join shared_of_expected
        on
            pairs.expected_unit = shared_of_expected.expected_unit
            and pairs.actual_unit = shared_of_expected.actual_unit
    left join shared_of_actual
        on
            pairs.expected_unit = shared_of_actual.expected_unit
            and pairs.actual_unit = shared_of_actual.actual_unit
)
{%- endmacro %}
