-- What the weights are learned from: every item of the last year, matched or open.
{{ config(tags=['training']) }}

with

items as (
    select *
    from {{ ref('int_items') }}
    where set_aside_reason is null
),

rules as (
    select distinct reconciliation
    from {{ ref('int_match_rules__valid') }}
    where pass = 'probabilistic'
),

final as (
    select
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.item_key,
        items.claim_key,
        items.anchor_item_key,
        items.party_id,
        items.family_id,
        items.group_key,
        items.event_date,
        items.currency,
        items.amount,
        items.amount as remaining_amount,
        items.document_number,
        items.row_hash
    from items
    inner join rules
        on items.reconciliation = rules.reconciliation
    where
        {{ days_between('items.event_date', as_of_date()) }}
        between 0 and {{ search_limit('training_days') }}
)

select * from final
