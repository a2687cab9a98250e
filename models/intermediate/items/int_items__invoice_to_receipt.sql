-- Expected: invoices and credit memos. Actual: what customers paid, through a gateway or a bank.
with

invoices as (select * from {{ ref('stg_billing__invoices') }}),

duplicates as (
    select *
    from {{ ref('int_invoices__duplicates') }}
    where effect = 'set_aside'
),

repeated_charges as (select * from {{ ref('int_charges__duplicates') }}),

customer_families as (select * from {{ ref('int_customer_families') }}),

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id(['gateway', 'transaction_id']) }} as item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
),

bank_transactions as (select * from {{ ref('int_bank_transactions__classified') }}),

parties as (select * from {{ ref('int_parties__resolved') }}),

active as (select * from {{ ref('int_reconciliations__active') }}),

documents as (
    select
        'expected' as side,
        invoices.document_type as item_type,
        {{ item_id(['invoices.invoice_id']) }} as item_id,
        invoices.customer_id as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        invoices.issued_at as event_at,
        coalesce(invoices.due_date, cast(invoices.issued_at as date)) as due_from,
        invoices.currency,
        case
            when invoices.document_type = 'credit_memo' then -invoices.total_amount
            else invoices.total_amount
        end as amount,
        invoices.status as record_status,
        case when duplicates.invoice_id is not null then 'duplicate' end as set_aside_reason,
        invoices.invoice_number as document_number,
        cast(null as {{ dbt.type_string() }}) as memo,
        invoices.purchase_order_number,
        invoices._batch_id as batch_id,
        invoices._row_hash as row_hash,
        'billing_invoices' as feed,
        false as is_listed_only_if_matched,
        -- a credit memo is read together with the invoice that it corrects
        case
            when
                invoices.document_type = 'credit_memo'
                and originals.invoice_id is not null
                and originals.currency = invoices.currency
                then {{ item_id(['originals.invoice_id']) }}
            else {{ item_id(['invoices.invoice_id']) }}
        end as anchor_item_id,
        case
            when
                invoices.document_type = 'credit_memo'
                and originals.invoice_id is not null
                and originals.currency = invoices.currency
                then 'invoice'
            else invoices.document_type
        end as anchor_item_type,
        coalesce(customer_families.family_id, invoices.customer_id) as family_id,
        case when customer_families.customer_id is not null then 'feed' else 'unknown' end
            as party_source
    from invoices
    left join duplicates
        on invoices.invoice_id = duplicates.invoice_id
    left join customer_families
        on invoices.customer_id = customer_families.customer_id
    left join invoices as originals
        on
            invoices.related_invoice_id = originals.invoice_id
            and originals.document_type = 'invoice'
            and originals.status = 'open'
),

origins as (select * from {{ ref('int_charges__undone') }}),

payments as (
    select
        'actual' as side,
        transactions.type as item_type,
        transactions.item_id,
        parties.party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        transactions.created_at as event_at,
        cast(transactions.created_at as date) as due_from,
        transactions.currency,
        transactions.amount,
        transactions.status as record_status,
        case when repeated_charges.item_id is not null then 'duplicate' end as set_aside_reason,
        transactions.transaction_id as document_number,
        transactions.invoice_reference as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        transactions._batch_id as batch_id,
        transactions._row_hash as row_hash,
        'gateway_transactions' as feed,
        false as is_listed_only_if_matched,
        case
            when transactions.currency = origins.charge_currency then origins.charge_item_id
            else transactions.item_id
        end as anchor_item_id,
        case
            when transactions.currency = origins.charge_currency then 'charge'
            else transactions.type
        end as anchor_item_type,
        parties.family_id,
        parties.party_source
    from transactions
    left join origins
        on transactions.item_id = origins.item_id
    left join repeated_charges
        on transactions.item_id = repeated_charges.item_id
    left join parties
        on transactions.type = parties.item_type and transactions.item_id = parties.item_id
    where transactions.type in ('charge', 'refund', 'chargeback', 'chargeback_reversal')
),

bank_items as (
    select
        'actual' as side,
        'bank_transaction' as item_type,
        bank_transactions.item_id,
        bank_transactions.party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        cast(bank_transactions.booking_date as timestamp) as event_at,
        bank_transactions.booking_date as due_from,
        bank_transactions.currency,
        bank_transactions.amount,
        cast(null as {{ dbt.type_string() }}) as record_status,
        case
            when not bank_transactions.is_booked then 'pending'
            when bank_transactions.is_own_transfer then 'own_transfer'
            when not coalesce(invoice_to_receipt.is_active, false) then 'out_of_scope'
            -- a payment that came back is explained by its return, and the other way round
            when
                bank_transactions.amount < 0
                and bank_transactions.party_id is null
                and bank_transactions.returned_item_id is null
                and not bank_transactions.is_returned
                then 'out_of_scope'
        end as set_aside_reason,
        coalesce(bank_transactions.counterparty_name, bank_transactions.entry_id)
            as document_number,
        bank_transactions.remittance_information as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        bank_transactions._batch_id as batch_id,
        bank_transactions._row_hash as row_hash,
        'bank_transactions' as feed,
        false as is_listed_only_if_matched,
        bank_transactions.item_id as anchor_item_id,
        'bank_transaction' as anchor_item_type,
        bank_transactions.family_id,
        bank_transactions.party_source
    from bank_transactions
    left join active as invoice_to_receipt
        on invoice_to_receipt.reconciliation = 'invoice_to_receipt'
    -- a debit to somebody who is no customer, and a line that names a gateway, belong elsewhere
    where bank_transactions.home_reconciliation = 'invoice_to_receipt'
),

all_items as (
    select * from documents
    union all
    select * from payments
    union all
    select * from bank_items
),

final as (
    select
        'invoice_to_receipt' as reconciliation,
        all_items.*
    from all_items
    left join active
        on active.reconciliation = 'invoice_to_receipt'
    where
        coalesce(active.is_active, false)
        or all_items.set_aside_reason = 'out_of_scope'
        or all_items.set_aside_reason = 'own_transfer'
        or (all_items.feed = 'bank_transactions' and all_items.set_aside_reason = 'pending')
)

select * from final
