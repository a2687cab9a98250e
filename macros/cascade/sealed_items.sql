{#-
    The items of what the journal sealed about matches, as they were then: one row per match and item
    of `model`, which has them as JSON in `items`.
-#}
{% macro sealed_items(model) %}
with

matches as (
    select *
    from {{ ref(model) }}
),

final as (
    select
        matches.block,
        matches.match_id,
        matches.reconciliation,
        matches.match_items.side,
        matches.match_items.item_type,
        matches.match_items.item_id,
        matches.reconciliation || '|' || matches.match_items.item_type || '|'
        || matches.match_items.item_id as item_key,
        {{ claim_key(
            'matches.reconciliation',
            'matches.match_items.item_type',
            'matches.match_items.item_id'
        ) }} as claim_key,
        matches.match_items.currency,
        {{ amount_from_text('matches.match_items.amount') }} as amount,
        {{ amount_from_text('matches.match_items.allocated_amount') }} as allocated_amount,
        {{ amount_from_text('matches.match_items.adjusted_amount') }} as adjusted_amount,
        {{ amount_from_text('matches.match_items.match_amount') }} as match_amount,
        {{ amount_from_text('matches.match_items.match_adjusted_amount') }}
            as match_adjusted_amount,
        matches.currency as match_currency,
        matches.match_items.row_hash
    from {{ with_json_elements(
        'matches',
        'items',
        'match_items',
        [
            'adjusted_amount', 'allocated_amount', 'amount', 'currency', 'item_id', 'item_type',
            'match_adjusted_amount', 'match_amount', 'row_hash', 'side'
        ]
    ) }}
)

select * from final
{% endmacro %}
