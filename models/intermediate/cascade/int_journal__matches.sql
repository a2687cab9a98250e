{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail'
) }}

-- What the journal says was closed. Blocks are never rewritten, so a new block is only appended.
with

entries as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where
        entry_type = 'match_closed'
        {% if is_incremental() %}
        and block > (select coalesce(max(sealed.block), 0) from {{ this }} as sealed)
        {% endif %}
),

final as (
    select
        entries.block,
        entries.subject_id as match_id,
        {{ json_get('entries.payload', 'reconciliation') }} as reconciliation,
        {{ json_get('entries.payload', 'rule_id') }} as rule_id,
        {{ json_get('entries.payload', 'rule_version') }} as rule_version,
        {{ json_get('entries.payload', 'pass') }} as pass,
        {{ json_get('entries.payload', 'relation') }} as relation,
        {{ json_get('entries.payload', 'method') }} as method,
        cast({{ json_get('entries.payload', 'confidence') }} as {{ amount_type() }})
            as confidence,
        {{ json_get('entries.payload', 'decision') }} as decision,
        {{ json_get('entries.payload', 'explanation') }} as explanation,
        {{ json_get('entries.payload', 'match_currency') }} as currency,
        cast({{ json_get('entries.payload', 'amount') }} as {{ amount_type() }}) as amount,
        cast({{ json_get('entries.payload', 'difference_amount') }} as {{ amount_type() }})
            as difference_amount,
        {{ json_get('entries.payload', 'adjustment_kind') }} as adjustment_kind,
        {{ json_get('entries.payload', 'run_id') }} as run_id,
        {{ json_get('entries.payload', 'items') }} as items,
        entries.occurred_at as decided_at,
        entries.actor as decided_by
    from entries
)

select * from final
