-- Expected: every bank line of an account that the books know. Actual: the lines of the ledger on
-- that account's code. A bank line is an item here beside its other reconciliation.
with

accounts as (
    select *
    from {{ ref('stg_bank__accounts') }}
    where ledger_account_code is not null
),

bank_transactions as (select * from {{ ref('int_bank_transactions__classified') }}),

ledger_entries as (
    select
        stg_ledger__entries.*,
        {{ item_id(['entry_id', 'line_id']) }} as item_id,
        coalesce(debit_amount, {{ zero() }}) - coalesce(credit_amount, {{ zero() }}) as amount
    from {{ ref('stg_ledger__entries') }} as stg_ledger__entries
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'bank_to_ledger' and is_active
),

-- accounts in one currency can share a code; then the code is the party, not one of the accounts
ledger_codes as (
    select
        accounts.ledger_account_code,
        accounts.currency,
        min(accounts.account_id) as account_id
    from accounts
    group by accounts.ledger_account_code, accounts.currency
),

expected as (
    select
        'expected' as side,
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        ledger_codes.account_id as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        cast(bank_transactions.booking_date as timestamp) as event_at,
        bank_transactions.booking_date as due_from,
        bank_transactions.currency,
        bank_transactions.amount,
        cast(null as {{ dbt.type_string() }}) as record_status,
        case when not bank_transactions.is_booked then 'pending' end as set_aside_reason,
        coalesce(bank_transactions.counterparty_name, bank_transactions.entry_id)
            as document_number,
        bank_transactions.remittance_information as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        bank_transactions._batch_id as batch_id,
        bank_transactions._row_hash as row_hash,
        'bank_transactions' as feed,
        false as is_listed_only_if_matched
    from bank_transactions
    inner join accounts
        on bank_transactions.account_id = accounts.account_id
    inner join ledger_codes
        on
            accounts.ledger_account_code = ledger_codes.ledger_account_code
            and accounts.currency = ledger_codes.currency
),

actual as (
    select
        'actual' as side,
        'ledger_entry' as item_type,
        ledger_entries.item_id,
        ledger_codes.account_id as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        cast(ledger_entries.posting_date as timestamp) as event_at,
        ledger_entries.posting_date as due_from,
        ledger_entries.currency,
        cast(ledger_entries.amount as {{ amount_type() }}) as amount,
        cast(null as {{ dbt.type_string() }}) as record_status,
        cast(null as {{ dbt.type_string() }}) as set_aside_reason,
        ledger_entries.entry_id as document_number,
        ledger_entries.description as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        ledger_entries._batch_id as batch_id,
        ledger_entries._row_hash as row_hash,
        'ledger_entries' as feed,
        false as is_listed_only_if_matched
    from ledger_entries
    inner join ledger_codes
        on
            ledger_entries.account_code = ledger_codes.ledger_account_code
            and ledger_entries.currency = ledger_codes.currency
),

all_items as (
    select * from expected
    union all
    select * from actual
),

-- every item stands for itself
final as (
    select
        'bank_to_ledger' as reconciliation,
        all_items.*,
        all_items.item_id as anchor_item_id,
        all_items.item_type as anchor_item_type,
        all_items.party_id as family_id,
        'feed' as party_source
    from all_items
    inner join active
        on active.reconciliation = 'bank_to_ledger'
)

select * from final
