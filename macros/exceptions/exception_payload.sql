{# A timestamp of a journal payload (`YYYY-MM-DDTHH:MM:SS.ffffffZ`) as a naive UTC timestamp. #}
{% macro payload_timestamp(payload, key) -%}
    cast(replace(replace({{ json_get(payload, key) }}, 'T', ' '), 'Z', '') as timestamp)
{%- endmacro %}


{# An amount of a journal payload. #}
{% macro payload_amount(payload, key) -%}
    cast({{ json_get(payload, key) }} as {{ amount_type() }})
{%- endmacro %}


{# What the journal keeps of an exception when it opens, of a row of int_exceptions__lifecycle. #}
{% macro opening_payload(relation) -%}
    {{ json_object(exception_members(relation)) }}
{%- endmacro %}


{# The same when it is resolved: what it had become by then, and what ended it. #}
{% macro resolution_payload(relation) -%}
    {{ json_object(exception_members(relation) + [
        ['resolution', relation ~ '.resolution'],
        ['resolved_at', iso_timestamp(relation ~ '.resolved_at')],
        ['resolved_by', relation ~ '.resolved_by'],
    ]) }}
{%- endmacro %}


{# The members that both have. #}
{% macro exception_members(relation) %}
    {% do return([
        ['amount', amount_text(relation ~ '.amount')],
        ['base_amount', amount_text(relation ~ '.base_amount')],
        ['case_id', relation ~ '.case_id'],
        ['currency', relation ~ '.currency'],
        ['customer_id', relation ~ '.customer_id'],
        ['exception_type', relation ~ '.exception_type'],
        ['group_name', relation ~ '.group_name'],
        ['item_count', 'case when ' ~ relation ~ '.group_name is not null then '
            ~ relation ~ '.item_count end'],
        ['item_id', relation ~ '.item_id'],
        ['item_type', relation ~ '.item_type'],
        ['occurrence', relation ~ '.occurrence'],
        ['opened_at', iso_timestamp(relation ~ '.opened_at')],
        ['reconciliation', relation ~ '.reconciliation'],
        ['root_cause', relation ~ '.root_cause'],
        ['side', relation ~ '.side'],
    ]) %}
{% endmacro %}
