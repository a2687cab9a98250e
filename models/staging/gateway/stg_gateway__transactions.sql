with

source as (

    select * from {{ source('feeds', 'gateway_transactions') }}

),

current_versions as (

    {{ current_version('gateway_transactions') }}

),

final as (

    select
        gateway,
        transaction_id,
        type,
        status,
        payment_id,
        customer_id,
        customer_name,
        invoice_reference,
        description,
        amount,
        fee_amount,
        net_amount,
        currency,
        created_at,
        available_on,
        payout_id,
        related_transaction_id,
        idempotency_key,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
