{# The moment this run speaks for, a UTC timestamp. Never use now(): a replay must see the same. #}
{% macro as_of() -%}
    (select max(run_context.as_of) from {{ ref('stg_tieout__run_context') }} as run_context)
{%- endmacro %}


{# The date of `as_of`, UTC. #}
{% macro as_of_date() -%}
    cast({{ as_of() }} as date)
{%- endmacro %}


{# The ISO 4217 code that base amounts are stated in. #}
{% macro reporting_currency() -%}
    (
        select max(run_context.reporting_currency)
        from {{ ref('stg_tieout__run_context') }} as run_context
    )
{%- endmacro %}


{# The run being built: `run-` and 16 hex digits. #}
{% macro run_id() -%}
    (select max(run_context.run_id) from {{ ref('stg_tieout__run_context') }} as run_context)
{%- endmacro %}
