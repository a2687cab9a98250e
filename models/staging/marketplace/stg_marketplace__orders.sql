with

source as (

    select * from {{ source('feeds', 'marketplace_orders') }}

),

current_versions as (

    {{ current_version('marketplace_orders') }}

),

final as (

    select
        order_id,
        line_id,
        seller_id,
        gross_amount,
        commission_amount,
        refunded_amount,
        currency,
        ordered_at,
        seller_payout_id,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
