-- What a refund, chargeback or reversal undoes in the end: the charge.
with

transactions as (select * from {{ ref('stg_gateway__transactions') }}),

final as (
    select
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        case
            {%- for related in ['first_related', 'second_related', 'third_related'] %}
            when {{ related }}.type = 'charge'
                then {{ item_id([related ~ '.gateway', related ~ '.transaction_id']) }}
            {%- endfor %}
        end as charge_item_id,
        case
            when first_related.type = 'charge' then first_related.currency
            when second_related.type = 'charge' then second_related.currency
            when third_related.type = 'charge' then third_related.currency
        end as charge_currency
    from transactions
    inner join transactions as first_related
        on
            transactions.gateway = first_related.gateway
            and transactions.related_transaction_id = first_related.transaction_id
    left join transactions as second_related
        on
            first_related.gateway = second_related.gateway
            and first_related.related_transaction_id = second_related.transaction_id
    left join transactions as third_related
        on
            second_related.gateway = third_related.gateway
            and second_related.related_transaction_id = third_related.transaction_id
    where transactions.type in ('refund', 'chargeback', 'chargeback_reversal')
)

select * from final
