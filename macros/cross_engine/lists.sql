{#
    Lists. Build them with `array_agg`, order them with `array_sort`, and never index them: the
    first element is 1 on DuckDB and 0 on Spark. (`concat_ws` over a list is right on Spark only.)
#}

{# The elements of a text list joined by `separator`; null for a null list. #}
{% macro list_to_text(list, separator=',') -%}
    {{ return(adapter.dispatch('list_to_text')(list, separator)) }}
{%- endmacro %}

{# DuckDB: concat_ws would print the list itself. #}
{% macro duckdb__list_to_text(list, separator) -%}
    array_to_string({{ list }}, '{{ separator }}')
{%- endmacro %}

{# Spark: array_join. #}
{% macro spark__list_to_text(list, separator) -%}
    array_join({{ list }}, '{{ separator }}')
{%- endmacro %}


{#
    The distinct non-null values of a group in ascending order as one text: a `listagg` that orders
    on every engine.
#}
{% macro sorted_text_agg(expression, separator=',') -%}
    {{ list_to_text('array_sort(array_agg(distinct ' ~ expression ~ ') filter (where ' ~ expression ~ ' is not null))', separator) }}
{%- endmacro %}


{# A text split at every `separator` (a literal text, not a pattern), as a list. #}
{% macro split_to_list(expression, separator) -%}
    {{ return(adapter.dispatch('split_to_list')(expression, separator)) }}
{%- endmacro %}

{# DuckDB: the separator is literal. #}
{% macro duckdb__split_to_list(expression, separator) -%}
    string_split({{ expression }}, '{{ separator }}')
{%- endmacro %}

{# Spark: the separator is a pattern; a class of one character is literal. #}
{% macro spark__split_to_list(expression, separator) -%}
    split({{ expression }}, '[{{ separator }}]')
{%- endmacro %}


{# A list of the given SQL expressions, in their order. #}
{% macro list_of(expressions) -%}
    {{ return(adapter.dispatch('list_of')(expressions)) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__list_of(expressions) -%}
    list_value({{ expressions | join(', ') }})
{%- endmacro %}

{# Spark. #}
{% macro spark__list_of(expressions) -%}
    array({{ expressions | join(', ') }})
{%- endmacro %}


{# Number of elements as bigint; null for a null list. #}
{% macro list_length(list) -%}
    {{ return(adapter.dispatch('list_length')(list)) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__list_length(list) -%}
    len({{ list }})
{%- endmacro %}

{# Spark: size is -1 for null when ANSI is off. #}
{% macro spark__list_length(list) -%}
    cast(case when {{ list }} is not null then size({{ list }}) end as bigint)
{%- endmacro %}


{# Whether a list holds a value. #}
{% macro list_contains(list, value) -%}
    {{ return(adapter.dispatch('list_contains')(list, value)) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__list_contains(list, value) -%}
    list_contains({{ list }}, {{ value }})
{%- endmacro %}

{# Spark. #}
{% macro spark__list_contains(list, value) -%}
    array_contains({{ list }}, {{ value }})
{%- endmacro %}


{#
    Join clause that turns each element of a list into a row; rows with a null or empty list drop.
    from customers {{ unnest_list('customers.aliases', 'alias_rows', 'alias') }}
#}
{% macro unnest_list(list, relation, column) -%}
    {{ return(adapter.dispatch('unnest_list')(list, relation, column)) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__unnest_list(list, relation, column) -%}
    cross join unnest({{ list }}) as {{ relation }} ({{ column }})
{%- endmacro %}

{# Spark. #}
{% macro spark__unnest_list(list, relation, column) -%}
    lateral view explode({{ list }}) {{ relation }} as {{ column }}
{%- endmacro %}


{#
    In a select list: a row for each element of a list. Quicker than `unnest_list` on many rows, which
    DuckDB first tells apart by their lists.
#}
{% macro each_of(list) -%}
    {{ return(adapter.dispatch('each_of')(list)) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__each_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{# Spark. #}
{% macro spark__each_of(list) -%}
    explode({{ list }})
{%- endmacro %}
