{#
    The record itself, whichever reconciliation it is in: who holds it in one holds it in all. Null in
    `bank_to_ledger`, where a bank line is an item beside the reconciliation that explains it.
#}
{% macro claim_key(reconciliation, item_type, item_id) -%}
    case
        when {{ reconciliation }} <> 'bank_to_ledger' then {{ item_type }} || '|' || {{ item_id }}
    end
{%- endmacro %}
