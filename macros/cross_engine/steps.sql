{#
    Spark: a table whose steps are read several times is built step by step.

    Spark plans a CTE again for each that reads it, with all that lies below, and has no word for
    computing it once: in a wave's fifty steps that is hundreds of copies of the first ones, and the
    plan fills the driver's memory before a row is read. A step that would be copied that much is
    written as a table of the schema `written_steps`, and what comes after reads the table. DuckDB
    computes such a step once by itself.
#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if not temporary and language == 'sql' -%}
        {%- set compiled_code = write_steps(relation, compiled_code) -%}
    {%- endif -%}
    {{ dbt.spark__create_table_as(temporary, relation, compiled_code, language) }}
{%- endmacro %}


{#
    Writes the steps of a model that are to be tables, and returns its SQL reading them there.

    A step is a CTE as it is laid out everywhere here: `name as (` begins a line and the closing
    bracket another, or both are on one line.

    largest_copy: characters of SQL, of a step and what it reads, that may be planned again for the
    further readers of the step. A step that is a table counts nothing in those after it.
#}
{% macro write_steps(relation, sql, largest_copy=10000) %}
    {% set re = modules.re %}
    {% set reading = '\\b(?:from|join) +([a-z0-9_]+)' %}
    {% set comment = '--[^\n]*' %}
    {% set all_reads = re.findall(reading, re.sub(comment, '', sql)) %}
    {% set steps = re.findall(
        '(?m)^(?:with +)?([a-z0-9_]+) as *[(](?:([^\n]+)|\n([\\s\\S]*?)\n)[)],?$', sql
    ) %}
    {% set planned = {} %}
    {% set rest = namespace(sql=sql) %}
    {% for name, line, block in steps %}
        {% set body = line or block %}
        {% set reads = re.findall(reading, re.sub(comment, '', body)) %}
        {% set size = namespace(of_plan=body | length) %}
        {% for read in reads %}
            {% set size.of_plan = size.of_plan + planned.get(read, 0) %}
        {% endfor %}
        {% set further_readers = all_reads.count(name) - 1 %}
        {% if size.of_plan * further_readers > largest_copy and name not in reads %}
            {% set step = 'written_steps.' ~ relation.identifier ~ '__' ~ name %}
            {% set before, opening, after = re.split(
                '(?m)^((?:with +)?' ~ name ~ ' as *[(]\n?)', rest.sql, maxsplit=1
            ) %}
            {% do run_query('create schema if not exists written_steps') %}
            {% do run_query('drop table if exists ' ~ step) %}
            {% do run_query(
                'create table ' ~ step ~ ' as '
                ~ before ~ opening ~ body ~ '\n) select * from ' ~ name
            ) %}
            {% set rest.sql = before ~ opening ~ 'select * from ' ~ step ~ after[body | length:] %}
        {% else %}
            {% do planned.update({name: size.of_plan}) %}
        {% endif %}
    {% endfor %}
    {% do return(rest.sql) %}
{% endmacro %}


{# The steps are gone when the run is over; a run that was killed leaves them to the next one. #}
{% macro drop_steps() -%}
    {{ return(adapter.dispatch('drop_steps')()) }}
{%- endmacro %}

{# DuckDB keeps no steps. #}
{% macro duckdb__drop_steps() -%}
{%- endmacro %}

{# Spark. #}
{% macro spark__drop_steps() -%}
    drop schema if exists written_steps cascade
{%- endmacro %}
