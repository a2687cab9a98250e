{#-
    The reference-like values that a text mentions, as the last CTEs of a model: `mentions` with the
    given key columns, mention_source, mention_value, mention_digits, reading_steps, beside_digits.

    Words are runs of letters and digits; nothing inside a word ever counts, so 14 is not in 1814 and
    37552more is not 37552. Up to six neighbouring words also count when read as one ('2026 0042',
    'INV-2026-00' at a line end and '535' on the next), but never across a separator (; , | & +).

    One writing has several readings, each a row, with the steps that lie between both:
      0  as written, without punctuation                  INV-2026-0042  ->  INV20260042
      1  every group of digits without leading zeros      INV-2026-0042  ->  INV.2026.42
      2, 3  the same two without a known prefix           INV-2026-0042  ->  20260042, 2026.42
      4, 5  a field of a reference with valid check digits (see `reference_fields_of`)
    `mention_digits` says which readings speak of the same number: the one nearest to the writing that
    is known counts, the others do not. `beside_digits` is what else a structured reference holds.

    relation: CTE with the key columns, mention_source, mention_text.
    as_written: only what is written counts, step 0; `mention_digits` and `beside_digits` are not told.
-#}
{% macro mentions_of(relation, key_columns, as_written=false) %}
mention_texts as (
    select
        {{ relation }}.*,
        case
            when {{ relation }}.mention_source = 'structured_reference'
                then {{ compact_upper(relation ~ '.mention_text') }}
        end as reference,
        {{ dashed_kid(relation ~ '.mention_text', relation ~ '.mention_source') }} as dashed_kid
    from {{ relation }}
),

mention_words as (
    select
        {% for c in key_columns %}mention_texts.{{ c }}, {% endfor %}mention_texts.mention_source,
        mention_texts.dashed_kid,
        words.position,
        words.word,
        {{ regex_matches('words.word', '[0-9]') }} as has_digit
    from mention_texts
    {{ unnest_positions(words_of('mention_texts.mention_text'), 'words', 'word', 'position') }}
    where
        words.word <> ''
        and (mention_texts.reference is null or not {{ is_broken_reference('mention_texts.reference') }})
),

mention_neighbours as (
    select
        mention_words.*,
        {%- set following -%}
        over (
            partition by {% for c in key_columns %}mention_words.{{ c }}, {% endfor %}mention_words.mention_source
            order by mention_words.position nulls last
        )
        {%- endset %}
        {%- for n in range(2, 7) %}
        lead(mention_words.word, {{ n - 1 }}) {{ following }} as word_{{ n }},
        {%- endfor %}
        lead(mention_words.has_digit) {{ following }} as has_next_digit
    from mention_words
),

mention_lengths as (
    select cast(lengths.length as int) as length
    from range(1, 7) as lengths (length)
),

-- one scan for all lengths: Spark plans every branch of a union, and all below it, anew
mention_runs as (
    select
        {% for c in key_columns %}mention_neighbours.{{ c }}, {% endfor %}mention_neighbours.mention_source,
        mention_neighbours.dashed_kid,
        case mention_lengths.length
            {%- for length in range(1, 7) %}
            {%- set words = ['mention_neighbours.word'] %}
            {%- for n in range(2, length + 1) %}{% do words.append('mention_neighbours.word_' ~ n) %}{% endfor %}
            when {{ length }} then {{ words | join(" || ' ' || ") }}
            {%- endfor %}
        end as span
    from mention_neighbours
    cross join mention_lengths
    where
        mention_lengths.length = 1
        or mention_neighbours.has_digit
        or mention_neighbours.has_next_digit
        -- an id whose letters happen to be letters only: in_gtteVBBRrdpU
        or (
            mention_lengths.length = 2
            and {{ regex_matches('mention_neighbours.word', '^[A-Z]{2,4}$') }}
            and length(mention_neighbours.word_2) >= 8
        )
),

mention_spans as (
    select
        mention_runs.*,
        replace(mention_runs.span, ' ', '') as written
    from mention_runs
    where mention_runs.span not like '%|%'
),

-- words count, and runs of words that end like a number or are written like an id of a machine
mention_readings as (
    select
        {% for c in key_columns %}mention_spans.{{ c }}, {% endfor %}mention_spans.mention_source,
        mention_spans.span,
        mention_spans.written,
        {{ groups_of('mention_spans.span') }} as grouped
    from mention_spans
    where
        length(mention_spans.written) between 2 and 40
        and (
            mention_spans.span = mention_spans.written
            or {{ regex_matches('mention_spans.written', '[0-9][A-Z]{0,2}$') }}
            or {{ is_id_like('mention_spans.span', 'mention_spans.written') }}
        )
),

{% if as_written -%}
mentions as (
    select
        {% for c in key_columns %}mention_readings.{{ c }}, {% endfor %}mention_readings.mention_source,
        {{ without_leading_zeros('mention_readings.written') }} as mention_value,
        0 as reading_steps
    from mention_readings
    where {{ without_leading_zeros('mention_readings.written') }} <> ''
    group by
        {% for c in key_columns %}mention_readings.{{ c }}, {% endfor %}mention_readings.mention_source,
        {{ without_leading_zeros('mention_readings.written') }}
)
{%- else -%}
mention_prefixed as (
    select
        mention_readings.*,
        {{ regex_replace_all('mention_readings.grouped', '[^0-9]+', '') }} as mention_digits,
        case
            when reference_prefixes.prefix is not null
                then {{ regex_extract('mention_readings.written', '^[A-Z]+([0-9]+)$', 1) }}
        end as digits,
        case
            when reference_prefixes.prefix is not null
                then {{ regex_extract('mention_readings.grouped', '^[A-Z]+[.]([0-9.]+)$', 1) }}
        end as digit_groups
    from mention_readings
    left join {{ ref('reference_prefixes') }} as reference_prefixes
        on
            {{ regex_extract('mention_readings.written', '^([A-Z]+)[0-9]+$', 1) }}
            = reference_prefixes.prefix
),

mention_steps as (
    select cast(steps.step as int) as step
    from range(0, 4) as steps (step)
),

mention_writings as (
    select
        {% for c in key_columns %}mention_prefixed.{{ c }}, {% endfor %}mention_prefixed.mention_source,
        case mention_steps.step
            when 0 then {{ without_leading_zeros('mention_prefixed.written') }}
            when 1 then case when mention_prefixed.grouped like '%.%' then mention_prefixed.grouped end
            when 2 then {{ without_leading_zeros('mention_prefixed.digits') }}
            when 3
                then
                    case
                        when mention_prefixed.digit_groups like '%.%'
                            then mention_prefixed.digit_groups
                    end
        end as mention_value,
        mention_prefixed.mention_digits,
        mention_steps.step as reading_steps
    from mention_prefixed
    cross join mention_steps
),

{{ reference_fields_of('mention_spans', key_columns) }},

mention_values as (
    select
        mention_writings.*,
        '' as beside_digits
    from mention_writings
    union all
    select
        {% for c in key_columns %}reference_fields.{{ c }}, {% endfor %}reference_fields.mention_source,
        reference_fields.mention_value,
        {{ regex_replace_all('reference_fields.written', '[^0-9]+', '') }} as mention_digits,
        reference_fields.reading_steps,
        reference_fields.beside_digits
    from reference_fields
),

mentions as (
    select
        {% for c in key_columns %}mention_values.{{ c }}, {% endfor %}mention_values.mention_source,
        mention_values.mention_value,
        mention_values.beside_digits,
        min(mention_values.mention_digits) as mention_digits,
        min(mention_values.reading_steps) as reading_steps
    from mention_values
    where mention_values.mention_value <> ''
    group by
        {% for c in key_columns %}mention_values.{{ c }}, {% endfor %}mention_values.mention_source,
        mention_values.mention_value,
        mention_values.beside_digits
)
{%- endif %}
{% endmacro %}


{#-
    Whether a run of words may be an id that a machine made: in_FM5rHmx8rapehy, po_1PqX followed by a
    line end and the rest, a UUID. Such an id is seldom cut in more than three, and has a digit before
    a letter inside a word, or a short prefix and letters only.
-#}
{% macro is_id_like(span, written) -%}
    (
        length({{ written }}) >= 10
        and {{ regex_matches(
            span, '^([A-Z0-9]+ ){1,3}[A-Z0-9]+$|^([0-9A-F]+ ){4}[0-9A-F]+$'
        ) }}
        and {{ regex_matches(
            span, '[0-9][A-Z]|^[A-Z]{2,4} [A-Z]{8,}$'
        ) }}
    )
{%- endmacro %}


{#-
    Upper-case words of a text as a list; separators become the word '|'. A line end is a space: banks
    break lines wherever the column ends, also inside a number.
-#}
{% macro words_of(expression) -%}
    {{ split_to_list(
        others_as_space(
            regex_replace_all(fold_accents("upper(" ~ expression ~ ")"), '[;,|&+]', ' | '), 'A-Z0-9|'
        ),
        ' '
    ) }}
{%- endmacro %}


{#- Upper case, accents folded, everything but letters and digits a space. -#}
{% macro spaced_upper(expression) -%}
    {{ others_as_space(fold_accents("upper(" ~ expression ~ ")"), 'A-Z0-9') }}
{%- endmacro %}


{#-
    Groups of a reference joined by points, digits without leading zeros: 'INV 2026 00535' and
    'INV2026 535' are INV.2026.535; 'INV 20260535' is INV.20260535. Input: letters, digits, spaces.
-#}
{% macro groups_of(span) -%}
    replace(
        trim(
            {{ regex_replace_all(
                "coalesce(" ~ regex_extract(span, '^([A-Z]+)[0-9]', 1) ~ ", '') || ' ' || "
                ~ "coalesce(" ~ regex_extract(span, '^[A-Z]+([0-9].*)$', 1) ~ ", " ~ span ~ ")",
                ' +0*',
                ' '
            ) }}
        ),
        ' ',
        '.'
    )
{%- endmacro %}


{#- A reference as it is compared: upper case, letters and digits only, no leading zeros on a number. -#}
{% macro number_key(expression) -%}
    {{ without_leading_zeros(compact_upper(expression)) }}
{%- endmacro %}


{#- A number without leading zeros; other text as it is. -#}
{% macro without_leading_zeros(expression) -%}
    case
        when {{ regex_matches(expression, '^[0-9]+$') }}
            then trim(leading '0' from {{ expression }})
        else {{ expression }}
    end
{%- endmacro %}


{#- Upper case, letters and digits only. -#}
{% macro compact_upper(expression) -%}
    {{ regex_replace_all("upper(" ~ expression ~ ")", '[^A-Z0-9]+', '') }}
{%- endmacro %}


{#- The form of a number: its letters, and a nine for each digit. -#}
{% macro form_of(expression) -%}
    translate({{ expression }}, '012345678', '999999999')
{%- endmacro %}


{#- The digits of a customer number without leading zeros, as structured references hold them. -#}
{% macro party_digits(expression) -%}
    trim(leading '0' from {{ regex_replace_all(expression, '[^0-9]+', '') }})
{%- endmacro %}


{#- Whether a number reads as a day: 20260531 or 31052026. -#}
{% macro is_date_like(expression) -%}
    {{ regex_matches(
        expression,
        '^((19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])'
        ~ '|(0?[1-9]|[12][0-9]|3[01])(0[1-9]|1[0-2])(19|20)[0-9]{2})$'
    ) }}
{%- endmacro %}
