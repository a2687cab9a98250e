{#
    An item as people call it, with its day and, of a bank line, its account: `bank line ACME of
    2026-03-04 on account DE89`. relation: a row of int_items__balanced.
#}
{% macro item_in_words(relation) -%}
    case
        when {{ relation }}.item_type = 'bank_transaction'
            then
                'bank line ' || coalesce({{ relation }}.document_number, '')
                || ' of ' || {{ iso_date(relation ~ '.event_date') }}
                || ' on account ' || {{ account_of(relation ~ '.item_id') }}
        else
            replace({{ relation }}.item_type, '_', ' ')
            || ' ' || coalesce({{ relation }}.document_number, {{ relation }}.item_id)
            || ' of ' || {{ iso_date(relation ~ '.event_date') }}
    end
{%- endmacro %}


{# The account of a bank line: the first part of its item id. #}
{% macro account_of(item_id) -%}
    replace(replace({{ regex_extract(item_id, '^[^/]+') }}, '%2F', '/'), '%25', '%')
{%- endmacro %}
