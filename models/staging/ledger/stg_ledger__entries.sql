with

source as (

    select * from {{ source('feeds', 'ledger_entries') }}

),

current_versions as (

    {{ current_version('ledger_entries') }}

),

final as (

    select
        entry_id,
        line_id,
        account_code,
        posting_date,
        debit_amount,
        credit_amount,
        currency,
        reference,
        document_id,
        description,
        posted_by,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
