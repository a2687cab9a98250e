with

source as (

    select * from {{ source('feeds', 'bank_accounts') }}

),

current_versions as (

    {{ current_version('bank_accounts') }}

),

final as (

    select
        account_id,
        currency,
        name,
        ledger_account_code,
        opening_balance,
        opening_date,
        time_zone,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
