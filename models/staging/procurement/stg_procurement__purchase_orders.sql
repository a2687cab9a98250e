{{ config(materialized='view') }}
with

source as (

    select * from {{ source('feeds', 'purchase_orders') }}

),

current_versions as (

    {{ current_version('purchase_orders') }}

),

final as (

    select
        purchase_order_number,
        line_id,
        vendor_id,
        sku,
        quantity,
        unit_price,
        currency,
        ordered_at,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
