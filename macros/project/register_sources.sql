{#
    Before anything is built, every source table appears as a relation over its Parquet files:
    `feeds.<feed>` over `raw/<feed>/*.parquet`, `tieout.<table>` over the glob in its
    `meta.location`. New batches are seen by the next dbt call, and nothing is copied.
    Every family holds an `_empty.parquet` with the schema, so no glob comes up empty.
#}
{% macro register_sources() %}
    {% if execute and flags.WHICH in ['run', 'build', 'test', 'seed', 'show', 'compile', 'freshness'] %}
        {% set home = env_var('TIEOUT_HOME', 'data') %}
        {% set schemas = [] %}
        {# here, because models that are built at the same time cannot each create it #}
        {% do run_query('create schema if not exists changes') %}
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


{#
    Spark: a table over the folder with the declared columns, matched by name. It skips files whose
    names begin with `_`, the empty one too, so the types cannot come from the files. The columns
    that ingest adds to every feed are not part of its contract, and are named here.
#}
{% macro spark__register_source(table, location) %}
    {% set relation = table.schema ~ '.' ~ table.identifier %}
    {% set columns = [] %}
    {% for column in table.columns.values() %}
        {% do columns.append(column.name ~ ' ' ~ spark_type(column.data_type)) %}
    {% endfor %}
    {% if table.source_name == 'feeds' %}
        {% do columns.extend([
            '_batch_id string', '_row_number bigint', '_row_hash string', '_run_sequence bigint'
        ]) %}
    {% endif %}
    {% do run_query('drop table if exists ' ~ relation) %}
    {% do run_query(
        "create table " ~ relation ~ " (" ~ columns | join(', ') ~ ") using parquet"
        ~ " options (pathGlobFilter '" ~ location.split('/') | last ~ "')"
        ~ " location '" ~ location.rsplit('/', 1) | first ~ "'"
    ) %}
{% endmacro %}


{# A type of the contract as Spark spells it. #}
{% macro spark_type(type) %}
    {% set name = type | lower %}
    {% if name.endswith('[]') %}
        {% do return('array<' ~ spark_type(name[:-2]) ~ '>') %}
    {% endif %}
    {% do return({'varchar': 'string', 'timestamp': 'timestamp_ntz'}.get(name, name)) %}
{% endmacro %}
