{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail'
) }}

-- The lines of every entry as they were sealed with its match. Blocks are never rewritten, so those
-- of a new block are only appended.
with

matches as (
    select *
    from {{ ref('int_journal__matches') }}
    where
        lines is not null
        {% if is_incremental() %}
        and block > (select coalesce(max(sealed.block), 0) from {{ this }} as sealed)
        {% endif %}
),

final as (
    select
        matches.block,
        matches.match_id,
        cast(matches.line.line_number as bigint) as line_number,
        matches.reconciliation,
        matches.line.posting_kind,
        matches.line.item_type,
        matches.line.item_id,
        matches.line.currency,
        {{ amount_from_text('matches.line.amount') }} as amount,
        {{ amount_from_text('matches.line.base_amount') }} as base_amount,
        matches.base_currency,
        {{ amount_from_text('matches.line.rate') }} as rate,
        cast(matches.line.value_date as date) as value_date,
        matches.line.account_code,
        matches.line.memo
    from {{ with_json_elements(
        'matches',
        'lines',
        'line',
        [
            'account_code', 'amount', 'base_amount', 'currency', 'item_id', 'item_type',
            'line_number', 'memo', 'posting_kind', 'rate', 'value_date'
        ]
    ) }}
)

select * from final
