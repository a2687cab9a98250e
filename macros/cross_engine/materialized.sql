{#
    Goes between `as` and the bracket of a CTE that is to be computed as it stands. DuckDB plans a
    dozen windows over windows in twice the time for each, unless every step is computed by itself.
#}
{% macro materialized() -%}
    {{ return(adapter.dispatch('materialized')()) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__materialized() -%}
    materialized
{%- endmacro %}

{# Spark has no word for it; what would be planned many times is a table there (`write_steps`). #}
{% macro spark__materialized() -%}
{%- endmacro %}


{#
    Goes between `as` and the bracket of a CTE that chooses from a large table, where it is read more
    than once: DuckDB would write down all of its rows, and not only those that a reader asks for.
#}
{% macro read_in_place() -%}
    {{ return(adapter.dispatch('read_in_place')()) }}
{%- endmacro %}

{# DuckDB. #}
{% macro duckdb__read_in_place() -%}
    not materialized
{%- endmacro %}

{# Spark reads every CTE in place. #}
{% macro spark__read_in_place() -%}
{%- endmacro %}
