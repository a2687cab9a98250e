with

source as (

    select * from {{ source('feeds', 'roaming_records') }}

),

current_versions as (

    {{ current_version('roaming_records') }}

),

final as (

    select
        record_id,
        partner_id,
        direction,
        service,
        quantity,
        amount,
        currency,
        occurred_at,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
