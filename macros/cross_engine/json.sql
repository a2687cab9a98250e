{#
    JSON as text in the canonical form of the audit recipe: keys sorted, every scalar a string, no
    spaces, no nulls. So equal content is equal text on every engine, and can be hashed.
#}

{# A text as a JSON string, null when the text is null. Control characters that have no escape of
   two characters become a space. #}
{% macro json_string(expression) -%}
    {{ return(adapter.dispatch('json_string')(expression)) }}
{%- endmacro %}

{#
    DuckDB: few functions, because a model that makes JSON of fifty columns is bound longer than it runs.
    A pattern is looked for only in what `to_json` has escaped by a code: it takes five times as long.
#}
{% macro duckdb__json_string(expression) -%}
    {%- set x = "cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ")" -%}
    {%- set json = "cast(to_json(" ~ x ~ ") as " ~ dbt.type_string() ~ ")" -%}
    case
        when not contains({{ json }}, '\u00') then {{ json }}
        else cast(
            to_json(regexp_replace({{ x }}, '[\x00-\x07\x0B\x0E-\x1F]', ' ', 'g'))
            as {{ dbt.type_string() }}
        )
    end
{%- endmacro %}

{# Spark: to_json takes no text. #}
{% macro spark__json_string(expression) -%}
    {%- set x = "cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ")" -%}
    {%- set quoted = "replace(replace(" ~ x ~ ", chr(92), chr(92) || chr(92)), '\"', chr(92) || '\"')" -%}
    {%- set escaped = namespace(text=quoted) -%}
    {%- for code, letter in [(8, 'b'), (9, 't'), (10, 'n'), (12, 'f'), (13, 'r')] -%}
        {%- set escaped.text = "replace(" ~ escaped.text ~ ", chr(" ~ code ~ "), chr(92) || '" ~ letter ~ "')" -%}
    {%- endfor -%}
    {%- set rest = [] -%}
    {%- for code in range(1, 32) if code not in [8, 9, 10, 12, 13] -%}
        {%- do rest.append("chr(" ~ code ~ ")") -%}
    {%- endfor -%}
    case
        when {{ x }} is null then null
        when regexp_like({{ x }}, '[' || chr(1) || '-' || chr(31) || ']')
            then '"' || translate({{ escaped.text }}, {{ rest | join(' || ') }}, '{{ ' ' * (rest | length) }}') || '"'
        else '"' || {{ quoted }} || '"'
    end
{%- endmacro %}


{# A text that JSON leaves as it is, as a JSON string: an amount, a hash, a code of this project. #}
{% macro json_plain(expression) -%}
    '"' || {{ expression }} || '"'
{%- endmacro %}


{#
    A canonical JSON object of text values: {{ json_object([['amount', amount_text('x.amount')],
    ['currency', 'x.currency']]) }}. Keys are sorted here; a member whose value is null is left out.
    Cast nothing: values become text (write timestamps with `iso_timestamp`, amounts with
    `amount_text`).
#}
{% macro json_object(members) -%}
    {%- set pairs = [] -%}
    {%- for key, value in members -%}
        {%- do pairs.append([key, json_string(value)]) -%}
    {%- endfor -%}
    {{ json_object_raw(pairs) }}
{%- endmacro %}


{# A canonical JSON object whose values are JSON text already (see `json_string`, `json_plain`, `json_array`). #}
{% macro json_object_raw(members) -%}
    '{' || concat_ws(
        ',',
        {%- for key, value in members | sort(attribute=0) %}
        '"{{ key }}":' || {{ value }}{{ ',' if not loop.last }}
        {%- endfor %}
    ) || '}'
{%- endmacro %}


{# A JSON array of a list of JSON texts, in the order of the list; null for a null list. #}
{% macro json_array(list) -%}
    '[' || {{ list_to_text(list, ',') }} || ']'
{%- endmacro %}


{# The text of a member (a literal key, or a path such as `a.b`) of a JSON object, else null. #}
{% macro json_get(payload, key) -%}
    {{ return(adapter.dispatch('json_get')(payload, key)) }}
{%- endmacro %}

{# DuckDB raises on malformed JSON. #}
{% macro duckdb__json_get(payload, key) -%}
    json_extract_string({{ payload }}, '$.{{ key }}')
{%- endmacro %}

{# Spark gives null for malformed JSON. #}
{% macro spark__json_get(payload, key) -%}
    get_json_object({{ payload }}, '$.{{ key }}')
{%- endmacro %}


{# The members of a JSON array as a list of JSON texts. #}
{% macro json_list(expression) -%}
    {{ return(adapter.dispatch('json_list')(expression)) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__json_list(expression) -%}
    from_json({{ expression }}, '["JSON"]')
{%- endmacro %}

{# Spark: array elements of the type string keep nested JSON as text. #}
{% macro spark__json_list(expression) -%}
    from_json({{ expression }}, 'array<string>')
{%- endmacro %}


{#
    A relation with a row for each element of a column that holds a JSON array of flat objects; a null
    array drops the row. The element's members are texts:
    select decisions.actor, decisions.item.item_id
    from {{ with_json_elements('decisions', 'items', 'item', ['item_type', 'item_id']) }}
#}
{% macro with_json_elements(relation, column, element, fields) -%}
    {{ return(adapter.dispatch('with_json_elements')(relation, column, element, fields)) }}
{%- endmacro %}

{# DuckDB: a struct per element; a lateral join would look for equal arrays first. #}
{% macro duckdb__with_json_elements(relation, column, element, fields) -%}
    (
        select
            {{ relation }}.*,
            unnest(from_json({{ relation }}.{{ column }}, '[{{ text_members(fields) }}]')) as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}

{# Spark. #}
{% macro spark__with_json_elements(relation, column, element, fields) -%}
    (
        select
            {{ relation }}.*,
            explode(
                from_json(
                    {{ relation }}.{{ column }}, 'array<struct<{{ fields | join(':string,') }}:string>>'
                )
            ) as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}


{#
    A relation with the members of a JSON object that a column holds, as texts; each is null where the
    object lacks it. One reading of the object serves all members.
    select entries.said.rule_id from {{ with_json_members('entries', 'payload', 'said', ['rule_id']) }}
#}
{% macro with_json_members(relation, column, element, fields) -%}
    {{ return(adapter.dispatch('with_json_members')(relation, column, element, fields)) }}
{%- endmacro %}

{# DuckDB raises on malformed JSON. #}
{% macro duckdb__with_json_members(relation, column, element, fields) -%}
    (
        select
            {{ relation }}.*,
            from_json({{ relation }}.{{ column }}, '{{ text_members(fields) }}') as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}

{# Spark gives nulls for malformed JSON. #}
{% macro spark__with_json_members(relation, column, element, fields) -%}
    (
        select
            {{ relation }}.*,
            from_json(
                {{ relation }}.{{ column }}, 'struct<{{ fields | join(':string,') }}:string>'
            ) as {{ element }}
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}


{# How DuckDB is told that all members of an object are texts: {"a":"VARCHAR","b":"VARCHAR"}. #}
{% macro text_members(fields) -%}
    {{- '{"' ~ fields | join('":"VARCHAR","') ~ '":"VARCHAR"}' -}}
{%- endmacro %}
