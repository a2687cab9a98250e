{{ config(materialized='view') }}
with

source as (

    select * from {{ source('feeds', 'goods_receipts') }}

),

current_versions as (

    {{ current_version('goods_receipts') }}

),

final as (

    select
        receipt_id,
        line_id,
        purchase_order_number,
        purchase_order_line_id,
        quantity,
        received_at,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
