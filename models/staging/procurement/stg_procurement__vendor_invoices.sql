with

source as (

    select * from {{ source('feeds', 'vendor_invoices') }}

),

current_versions as (

    {{ current_version('vendor_invoices') }}

),

final as (

    select
        vendor_invoice_id,
        line_id,
        vendor_invoice_number,
        vendor_id,
        purchase_order_number,
        purchase_order_line_id,
        quantity,
        unit_price,
        amount,
        currency,
        invoice_date,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
