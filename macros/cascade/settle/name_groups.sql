{#-
    What a match closes, as text: its items with what is allocated and adjusted of each. An aggregate
    over the rows of a match.
    relation: rows with item_key, allocated_amount and adjusted_amount.
-#}
{% macro match_signature(relation) -%}
    {{ sorted_text_agg(
        relation ~ ".item_key || '=' || " ~ amount_text(relation ~ '.allocated_amount')
        ~ " || '+' || " ~ amount_text(relation ~ '.adjusted_amount'),
        ';'
    ) }}
{%- endmacro %}


{#-
    CTE `named_groups` (pass, group_name, match_id): a match is named by what it closes. A reversed match
    can be found again later: it is another one.
    rows: a CTE with one row per item in a group.
-#}
{% macro name_groups(rows) %}
signed as (
    select
        {{ rows }}.pass,
        {{ rows }}.group_name,
        {{ match_signature(rows) }} as signature
    from {{ rows }}
    group by {{ rows }}.pass, {{ rows }}.group_name
),

named_groups as (
    select
        signed.pass,
        signed.group_name,
        'm_' || substring(
            {{ sha256_hex(
                "signed.signature || '#' || cast(coalesce(reversed_signatures.times, 0) as "
                ~ dbt.type_string() ~ ")"
            ) }},
            1, 24
        ) as match_id
    from signed
    left join {{ ref('int_signatures__reversed') }} as reversed_signatures
        on signed.signature = reversed_signatures.signature
)
{%- endmacro %}
