{# A limit of seeds/search_limits.csv. That the name exists is tested (tests/python/dbt/test_manifest.py). #}
{% macro search_limit(name) -%}
    (
        select max(search_limits.value)
        from {{ ref('search_limits') }} as search_limits
        where search_limits.name = '{{ name }}'
    )
{%- endmacro %}
