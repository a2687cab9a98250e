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
