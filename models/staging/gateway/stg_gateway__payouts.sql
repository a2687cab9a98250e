with

source as (

    select * from {{ source('feeds', 'gateway_payouts') }}

),

current_versions as (

    {{ current_version('gateway_payouts') }}

),

final as (

    select
        gateway,
        payout_id,
        amount,
        currency,
        created_at,
        arrival_date,
        bank_reference,
        status,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
