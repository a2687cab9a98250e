{#
    Spark: seeds as literals. The adapter's own version does not escape an apostrophe, and writes the
    text `None` where a cell is empty.
#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model.config.column_types -%}
    {%- set sql -%}
        insert into {{ this.render() }} values
        {%- for row in agate_table.rows %}
        (
            {%- for column in agate_table.column_names -%}
            cast({{ spark_literal(row[column]) }} as {{ types[column] }}){{ ', ' if not loop.last }}
            {%- endfor -%}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- if agate_table.rows | length > 0 -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {%- endif -%}
    {{ return(sql) }}
{% endmacro %}


{# A value as a text literal of Spark; null when there is none. #}
{% macro spark_literal(value) -%}
    {%- if value is none -%}
        null
    {%- else -%}
        '{{ value | string | replace("\\", "\\\\") | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
