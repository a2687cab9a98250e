-- What a refund, chargeback or reversal undoes in the end: the charge.
with

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id(['gateway', 'transaction_id']) }} as item_id,
        {{ item_id(['gateway', 'related_transaction_id']) }} as related_item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
),

final as (
    select
        transactions.type as item_type,
        transactions.item_id,
        case
            when first_related.type = 'charge' then first_related.item_id
            when second_related.type = 'charge' then second_related.item_id
            when third_related.type = 'charge' then third_related.item_id
        end as charge_item_id,
        case
            when first_related.type = 'charge' then first_related.currency
            when second_related.type = 'charge' then second_related.currency
            when third_related.type = 'charge' then third_related.currency
        end as charge_currency
    from transactions
    inner join transactions as first_related
        on transactions.related_item_id = first_related.item_id
    left join transactions as second_related
        on first_related.related_item_id = second_related.item_id
    left join transactions as third_related
        on second_related.related_item_id = third_related.item_id
    where transactions.type in ('refund', 'chargeback', 'chargeback_reversal')
)

select * from final
