with

source as (

    select * from {{ source('feeds', 'remittance_advice_lines') }}

),

current_versions as (

    {{ current_version('remittance_advice_lines') }}

),

final as (

    select
        remittance_id,
        line_id,
        payment_reference,
        customer_id,
        invoice_reference,
        amount,
        discount_amount,
        currency,
        memo,
        received_at,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
