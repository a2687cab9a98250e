{#-
    Fourth step of comparing pairs, as CTE `near_numbers`: how many digits are wrong, missing or too
    many between the nearest two numbers of a pair.

    Reads `pairs`, `unit_words`. Yields one row per pair of which both say a number of five or more
    digits, which letters may precede.
-#}
{% macro near_numbers() %}
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
)
{%- endmacro %}
