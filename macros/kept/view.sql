{#
    DuckDB: a view is what it was in the last run, which had the same code, so a run on what that has
    left does not make it again. Every other build does.
#}
{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none or not existing.is_view or not is_on_last_run() -%}
        {{ return(dbt.materialization_view_default()) }}
    {%- endif -%}
    {%- call statement('main') -%} select 0 {%- endcall -%}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
