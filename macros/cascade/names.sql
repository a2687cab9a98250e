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
    trim({{ regex_replace_all(
        fold_accents("upper(" ~ expression ~ ")"), '[^A-Z0-9' ~ other_letters ~ ']+', ' '
    ) }})
{%- endmacro %}


{#-
    CTE `reduced_names`: the looser forms of exact names, with the column name_key of the relation.

    bare_name   without legal form and `and`, umlauts in either spelling (MUELLER, MULLER -> MULLER)
    legal_form  the form left out, in its commonest spelling; empty where the name states none
    word_set    the words of the bare name in alphabetical order; null for one word
    initial_set the same for a name of two words, the first one as its initial; null for others
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

stated_forms as (
    select
        name_ends.name_key,
        max_by(name_ends.name_end, length(name_ends.name_end)) as name_end,
        max_by(coalesce(legal_forms.same_as, legal_forms.legal_form), length(name_ends.name_end))
            as legal_form
    from name_ends
    inner join {{ ref('legal_forms') }} as legal_forms
        on replace(name_ends.name_end, ' ', '') = replace(legal_forms.legal_form, ' ', '')
    group by name_ends.name_key
),

bare_names as (
    select
        loose_names.name_key,
        coalesce(replace(stated_forms.legal_form, ' ', ''), '') as legal_form,
        trim({{ regex_replace_all(
            "substr(loose_names.loose_name, 1, "
            ~ "length(loose_names.loose_name) - length(coalesce(stated_forms.name_end, ''))) || ' '",
            ' (AND|UND|ET) ',
            ' '
        ) }}) as bare_name
    from loose_names
    left join stated_forms
        on loose_names.name_key = stated_forms.name_key
),

reduced_names as (
    select
        bare_names.name_key,
        bare_names.bare_name,
        bare_names.legal_form,
        case
            when bare_names.bare_name like '% %'
                then {{ list_to_text("array_sort(" ~ split_to_list('bare_names.bare_name', ' ') ~ ")", ' ') }}
        end as word_set,
        case
            when {{ regex_matches('bare_names.bare_name', '^[A-Z]{2,} [A-Z]{2,}$') }}
                then {{ list_to_text("array_sort(" ~ split_to_list(
                    "substr(bare_names.bare_name, 1, 1) || ' ' || "
                    ~ "split_part(bare_names.bare_name, ' ', 2)",
                    ' '
                ) ~ ")", ' ') }}
        end as initial_set
    from bare_names
    where length(bare_names.bare_name) >= 4
)
{% endmacro %}


{#- A name with one spelling for letters that people write in two ways: AE A, OE O, UE U, AA A. -#}
{% macro one_spelling(expression) -%}
    replace(replace(replace(replace({{ expression }}, 'AE', 'A'), 'OE', 'O'), 'UE', 'U'), 'AA', 'A')
{%- endmacro %}
