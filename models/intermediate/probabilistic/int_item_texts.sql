-- What an item says in words, as it is compared: names first, then what was written along.
with

items as (
    select *
    from {{ ref('int_items') }}
    where set_aside_reason is null
),

rules as (
    select distinct reconciliation
    from {{ ref('int_match_rules__valid') }}
    where pass = 'probabilistic'
),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id(['gateway', 'transaction_id']) }} as item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
),

bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item'
),

texts as (
    select
        invoices.document_type as item_type,
        {{ item_id(['invoices.invoice_id']) }} as item_id,
        coalesce(customers.legal_name, '') || ' ' || invoices.invoice_number || ' '
        || coalesce(invoices.purchase_order_number, '') as item_text
    from invoices
    left join customers
        on invoices.customer_id = customers.customer_id
    union all
    select
        transactions.type as item_type,
        transactions.item_id,
        coalesce(transactions.customer_name, '') || ' '
        || coalesce(transactions.invoice_reference, '') || ' '
        || coalesce(transactions.description, '') as item_text
    from transactions
    union all
    select
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        coalesce(bank_transactions.counterparty_name, '') || ' '
        || coalesce(bank_transactions.remittance_information, '') as item_text
    from bank_transactions
    union all
    select
        'vendor_invoice' as item_type,
        bills.item_id,
        coalesce(bills.vendor_id, '') || ' ' || bills.vendor_invoice_number as item_text
    from {{ ref('int_vendor_invoices__summed') }} as bills
    union all
    -- the reference of a ledger line is compared as one, by the passes before
    select
        'ledger_entry' as item_type,
        {{ item_id(['ledger_entries.entry_id', 'ledger_entries.line_id']) }} as item_id,
        coalesce(ledger_entries.description, '') as item_text
    from {{ ref('stg_ledger__entries') }} as ledger_entries
),

normalized as {{ materialized() }} (
    select
        items.item_type,
        items.item_id,
        items.item_key,
        items.reconciliation,
        items.side,
        items.event_date,
        {{ normalize_name('texts.item_text') }} as item_text
    from items
    inner join rules
        on items.reconciliation = rules.reconciliation
    inner join texts
        on
            items.item_type = texts.item_type
            and items.item_id = texts.item_id
),

final as (
    select *
    from normalized
    where item_text <> ''
)

select * from final
