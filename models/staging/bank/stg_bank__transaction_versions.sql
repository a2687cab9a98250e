with

source as (

    select * from {{ source('feeds', 'bank_transactions') }}

),

final as (

    select
        account_id,
        entry_id,
        booking_date,
        value_date,
        amount,
        currency,
        counterparty_name,
        counterparty_account,
        remittance_information,
        end_to_end_id,
        bank_transaction_code,
        statement_id,
        original_amount,
        original_currency,
        entry_reference,
        entry_amount,
        entry_source,
        entry_status,
        structured_reference,
        charges_amount,
        is_reversal,
        return_reason,
        bank_reference,
        is_booking_date_assumed,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from source

)

select * from final
