with

source as (

    select * from {{ source('feeds', 'provider_invoice_lines') }}

),

current_versions as (

    {{ current_version('provider_invoice_lines') }}

),

final as (

    select
        provider,
        provider_invoice_id,
        line_id,
        customer_id,
        sku,
        quantity,
        amount,
        currency,
        period_start,
        period_end,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
