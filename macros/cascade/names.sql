{#-
    Names as people write them. A name has an exact form (`normalize_name`) and looser ones, of which
    each is tried only when the one before says nothing.
-#}

{#-
    A name as it is compared: upper case, accents folded, punctuation as one space. Letters of scripts
    that have no Latin spelling here stay: of 北京 Ltd and 上海 Ltd more is left than LTD.
-#}
{% macro normalize_name(expression) -%}
    {#- from À to the punctuation of U+2000, the letters after it, and those of the compatibility area -#}
    {%- set other_letters = "\u00c0-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufdff" -%}
    trim({{ others_as_space(fold_accents("upper(" ~ expression ~ ")"), 'A-Z0-9' ~ other_letters) }})
{%- endmacro %}


{#-
    CTE `reduced_names`: the looser forms of exact names, with the column name_key of the relation.

    plain_name    without `and`, umlauts in either spelling (MUELLER, MULLER -> MULLER)
    bare_name     the plain name without its legal form
    legal_form    the form left out, in its commonest spelling; empty where the name states none
    short_name    the bare name without an addition (and Sons, and Partner) that leaves two words; null
                  where it has none
    word_set      the words of the bare name in alphabetical order; null for one word
    initial_set   the same for a name of two words, the first one as its initial; null for others
    uninitialled_set  the same without initials, where that leaves two words; null where it has none
-#}
{% macro reduced_names(relation) %}
loose_names as (
    select distinct
        {{ relation }}.name_key,
        {{ one_spelling(relation ~ '.name_key') }} as loose_name
    from {{ relation }}
    where {{ relation }}.name_key <> ''
),

-- 'G M B H' at the end is GMBH: up to six words are read as one
name_ends as (
    {%- for length in range(1, 7) %}
    select
        loose_names.name_key,
        loose_names.loose_name,
        {{ regex_extract('loose_names.loose_name', '( [A-Z0-9]+){' ~ length ~ '}$', 0) }} as name_end
    from loose_names
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- of `GMBH & CO KG` the sign is gone already, of `GMBH AND CO KG` the word is still there
form_ends as (
    select
        name_ends.*,
        replace(
            {{ regex_replace_all('name_ends.name_end', ' (AND|UND|U|ET|EN|OG|OCH|Y|E) CO', ' CO') }},
            ' ',
            ''
        ) as form_key
    from name_ends
),

stated_forms as (
    select
        form_ends.name_key,
        max_by(form_ends.name_end, length(form_ends.name_end)) as name_end,
        -- the longest; SA is SA and not SAA, which one spelling makes of it
        max_by(
            coalesce(legal_forms.same_as, legal_forms.legal_form),
            2 * length(form_ends.name_end)
            + case
                when form_ends.form_key = replace(legal_forms.legal_form, ' ', '') then 1
                else 0
            end
        ) as legal_form
    from form_ends
    inner join {{ ref('legal_forms') }} as legal_forms
        on
            coalesce(legal_forms.stands_as, 'form') <> 'addition'
            and form_ends.form_key = replace({{ one_spelling('legal_forms.legal_form') }}, ' ', '')
    group by form_ends.name_key
),

bare_names as (
    select
        loose_names.name_key,
        coalesce(replace(stated_forms.legal_form, ' ', ''), '') as legal_form,
        {{ without_conjunctions('loose_names.loose_name') }} as plain_name,
        {{ without_conjunctions(
            "substr(loose_names.loose_name, 1, "
            ~ "length(loose_names.loose_name) - length(coalesce(stated_forms.name_end, '')))"
        ) }} as bare_name
    from loose_names
    left join stated_forms
        on loose_names.name_key = stated_forms.name_key
),

parted_names as (
    select
        bare_names.*,
        case
            when additions.legal_form is not null
                then {{ regex_extract('bare_names.bare_name', '^([^ ]+ .*[^ ]) [^ ]+$', 1) }}
        end as short_name,
        {{ regex_matches('bare_names.bare_name', '(^| )[A-Z]( |$)') }} as has_initials,
        trim({{ regex_replace_all(
            regex_replace_all("' ' || bare_names.bare_name || ' '", '( [A-Z])+ ', ' '), ' +', ' '
        ) }}) as uninitialled_name
    from bare_names
    left join {{ ref('legal_forms') }} as additions
        on
            additions.stands_as in ('addition', 'either')
            and {{ regex_extract('bare_names.bare_name', ' ([^ ]+)$', 1) }} = additions.legal_form
),

reduced_names as (
    select
        parted_names.name_key,
        parted_names.bare_name,
        parted_names.legal_form,
        parted_names.plain_name,
        parted_names.short_name,
        case
            when parted_names.bare_name like '% %'
                then {{ sorted_words('parted_names.bare_name') }}
        end as word_set,
        case
            when {{ regex_matches('parted_names.bare_name', '^[A-Z]{2,} [A-Z]{2,}$') }}
                then {{ sorted_words(
                    "substr(parted_names.bare_name, 1, 1) || ' ' || "
                    ~ "split_part(parted_names.bare_name, ' ', 2)"
                ) }}
        end as initial_set,
        case
            when parted_names.has_initials and parted_names.uninitialled_name like '% %'
                then {{ sorted_words('parted_names.uninitialled_name') }}
        end as uninitialled_set
    from parted_names
    where length(parted_names.bare_name) >= 4
)
{% endmacro %}


{#- The words of a text in alphabetical order. -#}
{% macro sorted_words(expression) -%}
    {{ list_to_text("array_sort(" ~ split_to_list(expression, ' ') ~ ")", ' ') }}
{%- endmacro %}


{#- A name without the words that join its parts; `&` and `+` are none already. -#}
{% macro without_conjunctions(expression) -%}
    trim({{ regex_replace_all(
        expression ~ " || ' '", ' (AND|UND|ET|EN|OG|OCH|Y|E) ', ' '
    ) }})
{%- endmacro %}


{#- A name with one spelling for letters that people write in two ways: AE A, OE O, UE U, AA A. -#}
{% macro one_spelling(expression) -%}
    replace(replace(replace(replace({{ expression }}, 'AE', 'A'), 'OE', 'O'), 'UE', 'U'), 'AA', 'A')
{%- endmacro %}


{#-
    CTE `runs`: every run of up to `longest` neighbouring words, as key columns, length and words.
    relation: CTE with the key columns, position and word.
-#}
{% macro runs_of_words(relation, key_columns, longest) %}
neighbours as (
    select
        {{ relation }}.*
        {%- for n in range(1, longest) %},
        lead({{ relation }}.word, {{ n }}) over (
            partition by {% for c in key_columns %}{{ relation }}.{{ c }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ relation }}.position nulls last
        ) as word_{{ n }}
        {%- endfor %}
    from {{ relation }}
),

run_lengths as (
    select cast(lengths.length as int) as length
    from range(1, {{ longest + 1 }}) as lengths (length)
),

runs as (
    select
        {% for c in key_columns %}neighbours.{{ c }}, {% endfor %}run_lengths.length,
        case run_lengths.length
            {%- for length in range(1, longest + 1) %}
            {%- set words = ['neighbours.word'] %}
            {%- for n in range(1, length) %}{% do words.append('neighbours.word_' ~ n) %}{% endfor %}
            when {{ length }} then {{ words | join(" || ' ' || ") }}
            {%- endfor %}
        end as words
    from neighbours
    cross join run_lengths
)
{% endmacro %}
