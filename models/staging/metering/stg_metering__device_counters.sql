with

source as (

    select * from {{ source('feeds', 'device_counters') }}

),

current_versions as (

    {{ current_version('device_counters') }}

),

final as (

    select
        device_id,
        meter,
        read_at,
        sequence,
        counter_value,
        customer_id,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
