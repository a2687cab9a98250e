{#-
    The reference-like values that a text mentions, as the last CTEs of a model: `mentions` with the
    given key columns, mention_source, mention_value and word_count.

    Words are runs of letters and digits; nothing inside a word ever counts, so 14 is not in 1814 and
    37552more is not 37552. Up to three neighbouring words also count when read as one ('2026 0042',
    'INV 2026 0042'), but never across a separator (; , | & + or a line end). A word that is a known prefix
    and digits ('INV36455') is also its digits. Leading zeros of a number are dropped.

    relation: CTE with the key columns, mention_source, mention_text.
-#}
{% macro mentions_of(relation, key_columns) %}
mention_words as (
    select
        {% for column in key_columns -%}
        {{ relation }}.{{ column }},
        {% endfor -%}
        {{ relation }}.mention_source,
        words.position,
        words.word
    from {{ relation }}
    {{ unnest_positions(words_of(relation ~ '.mention_text'), 'words', 'word', 'position') }}
    where words.word <> ''
),

mention_neighbours as (
    select
        mention_words.*,
        lead(mention_words.word, 1) over (
            partition by {% for c in key_columns %}mention_words.{{ c }}, {% endfor %}mention_words.mention_source
            order by mention_words.position nulls last
        ) as next_word,
        lead(mention_words.word, 2) over (
            partition by {% for c in key_columns %}mention_words.{{ c }}, {% endfor %}mention_words.mention_source
            order by mention_words.position nulls last
        ) as word_after_next
    from mention_words
),

mention_spans as (
    select
        {% for c in key_columns %}mention_neighbours.{{ c }}, {% endfor %}mention_neighbours.mention_source,
        mention_neighbours.word as span,
        1 as word_count
    from mention_neighbours
    where mention_neighbours.word <> '|'
    union all
    select
        {% for c in key_columns %}mention_neighbours.{{ c }}, {% endfor %}mention_neighbours.mention_source,
        mention_neighbours.word || mention_neighbours.next_word as span,
        2 as word_count
    from mention_neighbours
    where
        mention_neighbours.word <> '|'
        and mention_neighbours.next_word <> '|'
        and {{ regex_matches('mention_neighbours.word || mention_neighbours.next_word', '[0-9]') }}
    union all
    select
        {% for c in key_columns %}mention_neighbours.{{ c }}, {% endfor %}mention_neighbours.mention_source,
        mention_neighbours.word || mention_neighbours.next_word
        || mention_neighbours.word_after_next as span,
        3 as word_count
    from mention_neighbours
    where
        mention_neighbours.word <> '|'
        and mention_neighbours.next_word <> '|'
        and mention_neighbours.word_after_next <> '|'
        and {{ regex_matches(
            'mention_neighbours.word || mention_neighbours.next_word || mention_neighbours.word_after_next',
            '[0-9]'
        ) }}
),

mention_values as (
    select
        {% for c in key_columns %}mention_spans.{{ c }}, {% endfor %}mention_spans.mention_source,
        mention_spans.word_count,
        {{ number_key('mention_spans.span') }} as mention_value
    from mention_spans
    union all
    select
        {% for c in key_columns %}mention_spans.{{ c }}, {% endfor %}mention_spans.mention_source,
        mention_spans.word_count,
        {{ number_key(regex_extract('mention_spans.span', '^[A-Z]+([0-9]+)$', 1)) }} as mention_value
    from mention_spans
    inner join {{ ref('reference_prefixes') }} as reference_prefixes
        on
            {{ regex_extract('mention_spans.span', '^([A-Z]+)[0-9]+$', 1) }}
            = reference_prefixes.prefix
),

mentions as (
    select
        {% for c in key_columns %}mention_values.{{ c }}, {% endfor %}mention_values.mention_source,
        mention_values.mention_value,
        min(mention_values.word_count) as word_count
    from mention_values
    where mention_values.mention_value is not null and mention_values.mention_value <> ''
    group by {% for c in key_columns %}mention_values.{{ c }}, {% endfor %}mention_values.mention_source, mention_values.mention_value
)
{% endmacro %}


{#- Upper-case words of a text as a list; separators become the word '|'. -#}
{% macro words_of(expression) -%}
    {{ split_to_list(
        regex_replace_all(
            regex_replace_all(
                "upper(coalesce(" ~ expression ~ ", ''))",
                '[;,|&+]|[^ -~]',
                ' | '
            ),
            '[^A-Z0-9|]+',
            ' '
        ),
        ' '
    ) }}
{%- endmacro %}


{#- A reference as it is compared: upper case, letters and digits only, no leading zeros on a number. -#}
{% macro number_key(expression) -%}
    case
        when {{ regex_matches(compact_upper(expression), '^[0-9]+$') }}
            then trim(leading '0' from {{ compact_upper(expression) }})
        else {{ compact_upper(expression) }}
    end
{%- endmacro %}


{#- Upper case, letters and digits only. -#}
{% macro compact_upper(expression) -%}
    {{ regex_replace_all("upper(" ~ expression ~ ")", '[^A-Z0-9]+', '') }}
{%- endmacro %}


{#- A name as it is compared: upper case, accents folded, punctuation as one space. -#}
{% macro normalize_name(expression) -%}
    trim({{ regex_replace_all(
        fold_accents("upper(" ~ expression ~ ")"),
        '[^A-Z0-9]+',
        ' '
    ) }})
{%- endmacro %}
