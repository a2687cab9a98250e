with

source as (

    select * from {{ source('feeds', 'usage_records') }}

),

current_versions as (

    {{ current_version('usage_records') }}

),

final as (

    select
        usage_id,
        customer_id,
        meter,
        quantity,
        unit_price,
        currency,
        occurred_at,
        device_id,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
