with

source as (

    select * from {{ source('feeds', 'billing_invoices') }}

),

current_versions as (

    {{ current_version('billing_invoices') }}

),

final as (

    select
        invoice_id,
        invoice_number,
        document_type,
        customer_id,
        issued_at,
        due_date,
        currency,
        total_amount,
        tax_amount,
        status,
        related_invoice_id,
        purchase_order_number,
        payment_terms,
        withholding_rate,
        idempotency_key,
        source_system,
        updated_at,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
