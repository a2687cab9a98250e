{# Schema names are used as written (`marts`, not `main_marts`): the marts are a public contract. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
