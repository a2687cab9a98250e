{#
    Before anything is built, every source table appears as a relation over its Parquet files:
    `feeds.<feed>` over `raw/<feed>/*.parquet`, `tieout.<table>` over the glob in its
    `meta.location`. New batches are seen by the next dbt call, and nothing is copied.
    Every family holds an `_empty.parquet` with the schema, so no glob comes up empty.
#}
{% macro register_sources() %}
    {% if execute and flags.WHICH in ['run', 'build', 'test', 'seed', 'show', 'compile'] %}
        {% set home = env_var('TIEOUT_HOME', 'data') %}
        {% set schemas = [] %}
        {% for table in graph.sources.values() %}
            {% if table.schema not in schemas %}
                {% do schemas.append(table.schema) %}
                {% do run_query('create schema if not exists ' ~ table.schema) %}
            {% endif %}
            {% do adapter.dispatch('register_source')(table, home ~ '/' ~ source_location(table)) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{# Where a source's files lie below TIEOUT_HOME. #}
{% macro source_location(table) %}
    {% do return(table.config.meta.get('location') or 'raw/' ~ table.identifier ~ '/*.parquet') %}
{% endmacro %}


{# DuckDB: columns are matched by name, files may lack optional ones that came later. #}
{% macro duckdb__register_source(table, location) %}
    {% do run_query(
        "create or replace view " ~ table.schema ~ "." ~ table.identifier ~ " as "
        ~ "select * from read_parquet('" ~ location ~ "', union_by_name = true)"
    ) %}
{% endmacro %}
