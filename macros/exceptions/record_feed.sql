{# The feed whose records a landed file brings: bank files bring bank transactions. #}
{% macro record_feed(feed) -%}
    case when {{ feed }} = 'bank_statements' then 'bank_transactions' else {{ feed }} end
{%- endmacro %}
