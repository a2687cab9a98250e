{# The id of a case, from the least item_key in it. #}
{% macro case_id_of(item_key) -%}
    {{ sha256_hex("'case|' || " ~ item_key) }}
{%- endmacro %}
