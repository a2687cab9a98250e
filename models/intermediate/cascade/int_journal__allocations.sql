{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail'
) }}

-- The items of every sealed match, as they were when it was sealed.
with

matches as (
    select *
    from {{ ref('int_journal__matches') }}
    {% if is_incremental() %}
    where block > (select coalesce(max(sealed.block), 0) from {{ this }} as sealed)
    {% endif %}
),

final as (
    select
        matches.block,
        matches.match_id,
        matches.reconciliation,
        match_items.side,
        match_items.item_type,
        match_items.item_id,
        matches.reconciliation || '|' || match_items.item_type || '|' || match_items.item_id
            as item_key,
        {{ claim_key('matches.reconciliation', 'match_items.item_type', 'match_items.item_id') }}
            as claim_key,
        match_items.currency,
        cast(match_items.amount as {{ amount_type() }}) as amount,
        cast(match_items.allocated_amount as {{ amount_type() }}) as allocated_amount,
        cast(match_items.adjusted_amount as {{ amount_type() }}) as adjusted_amount,
        cast(match_items.match_amount as {{ amount_type() }}) as match_amount,
        cast(match_items.match_adjusted_amount as {{ amount_type() }}) as match_adjusted_amount,
        matches.currency as match_currency,
        match_items.row_hash
    from matches
    {{ unnest_json(
        'matches.items',
        'match_items',
        [
            'adjusted_amount', 'allocated_amount', 'amount', 'currency', 'item_id', 'item_type',
            'match_adjusted_amount', 'match_amount', 'row_hash', 'side'
        ]
    ) }}
)

select * from final
