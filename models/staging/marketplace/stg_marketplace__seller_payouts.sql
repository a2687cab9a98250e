with

source as (

    select * from {{ source('feeds', 'seller_payouts') }}

),

current_versions as (

    {{ current_version('seller_payouts') }}

),

final as (

    select
        seller_payout_id,
        seller_id,
        amount,
        currency,
        paid_at,
        bank_reference,
        status,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
