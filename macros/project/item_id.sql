{#
    The id of an item as the output contract writes it: the parts of its natural key joined by `/`,
    with `%` and `/` inside a part escaped; an id of one part is left as it is. Null when any part is.
#}
{% macro item_id(parts) -%}
    {%- if parts | length == 1 -%}
        {{ parts[0] }}
    {%- else -%}
        {%- for part in parts -%}
            {{ item_id_part(part) }}{{ " || '/' || " if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# The gateway of an item that one reported: the first part of its id. Null of all other items. #}
{% macro gateway_of(items) -%}
    case
        when {{ items }}.feed in ('gateway_transactions', 'gateway_payouts')
            then split_part({{ items }}.item_id, '/', 1)
    end
{%- endmacro %}
