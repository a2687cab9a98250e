{# A text with its `{name}` places filled in. values: name -> SQL text expression. #}
{% macro fill_in(text, values) -%}
    {%- set filled = namespace(text=text) -%}
    {%- for name, value in values.items() -%}
        {%- set filled.text = "replace(" ~ filled.text ~ ", '{" ~ name ~ "}', " ~ value ~ ")" -%}
    {%- endfor -%}
    {{ filled.text }}
{%- endmacro %}
