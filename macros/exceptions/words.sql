{#
    An item as people call it, with its day and, of a bank line, its account: `bank line ACME of
    4 Mar 2026 on account DE89`. relation: a row of int_items__balanced.
#}
{% macro item_in_words(relation) -%}
    case
        when {{ relation }}.item_type = 'bank_transaction'
            then
                'bank line ' || coalesce({{ relation }}.document_number, '')
                || ' of ' || {{ day_in_words(relation ~ '.event_date') }}
                || ' on account ' || {{ account_of(relation ~ '.item_id') }}
        else
            {{ item_name(relation) }}
            || ' of ' || {{ day_in_words(relation ~ '.event_date') }}
    end
{%- endmacro %}


{# An item by its number: `invoice INV-1001`. relation: a row of int_items__balanced. #}
{% macro item_name(relation) -%}
    replace({{ relation }}.item_type, '_', ' ')
    || ' ' || coalesce({{ relation }}.document_number, {{ relation }}.item_id)
{%- endmacro %}


{# The account of a bank line: the first part of its item id. #}
{% macro account_of(item_id) -%}
    replace(replace({{ regex_extract(item_id, '^[^/]+') }}, '%2F', '/'), '%25', '%')
{%- endmacro %}
