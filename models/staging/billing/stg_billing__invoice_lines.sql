with

source as (

    select * from {{ source('feeds', 'billing_invoice_lines') }}

),

current_versions as (

    {{ current_version('billing_invoice_lines') }}

),

final as (

    select
        invoice_id,
        line_id,
        sku,
        meter,
        description,
        quantity,
        unit_price,
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
