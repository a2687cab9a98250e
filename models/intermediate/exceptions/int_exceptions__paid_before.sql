-- Payments with nothing allocated that quote an invoice or a bill which other money has already
-- closed: it was paid again. A quotation counts with the same party, or with the same amount.
with

-- where somebody owes and somebody pays
items as (
    select balanced.*
    from {{ ref('int_items__balanced') }} as balanced
    inner join {{ ref('reconciliations') }} as reconciliations
        on
            balanced.reconciliation = reconciliations.name
            and reconciliations.party_kind in ('customer', 'vendor')
),

transactions as (
    select
        transactions.type as item_type,
        {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }} as item_id,
        {{ number_key('transactions.invoice_reference') }} as reference_key
    from {{ ref('stg_gateway__transactions') }} as transactions
    where transactions.type = 'charge' and transactions.invoice_reference is not null
),

mentions as (select * from {{ ref('int_bank_transactions__mentions') }}),

unapplied as (
    select
        items.item_key,
        items.reconciliation,
        items.item_type,
        items.item_id,
        items.party_id,
        items.currency,
        items.amount
    from items
    where
        items.side = 'actual'
        and items.item_type in ('charge', 'bank_transaction')
        and items.status not in ('closed', 'set_aside')
        and items.open_amount = items.amount
),

quotations as (
    select
        unapplied.item_key,
        transactions.reference_key
    from unapplied
    inner join transactions
        on
            unapplied.item_type = transactions.item_type
            and unapplied.item_id = transactions.item_id
    union
    select
        unapplied.item_key,
        mentions.mention_value as reference_key
    from unapplied
    inner join mentions
        on
            unapplied.item_type = 'bank_transaction'
            and unapplied.item_id = mentions.item_id
),

quoted_keys as (select distinct quotations.reference_key from quotations),

closed_documents as (
    select
        items.reconciliation,
        items.item_type,
        items.item_id,
        items.document_number,
        items.party_id,
        items.currency,
        items.amount
    from items
    where items.item_type in ('invoice', 'vendor_invoice') and items.status = 'closed'
),

document_keys as (
    select
        closed_documents.reconciliation,
        closed_documents.item_type,
        closed_documents.item_id as invoice_id,
        closed_documents.party_id,
        closed_documents.currency,
        closed_documents.amount,
        {{ number_key('closed_documents.document_number') }} as reference_key
    from closed_documents
    union
    select
        closed_documents.reconciliation,
        closed_documents.item_type,
        closed_documents.item_id as invoice_id,
        closed_documents.party_id,
        closed_documents.currency,
        closed_documents.amount,
        {{ number_key('closed_documents.item_id') }} as reference_key
    from closed_documents
),

quoted_documents as (
    select document_keys.*
    from document_keys
    inner join quoted_keys
        on document_keys.reference_key = quoted_keys.reference_key
),

final as (
    select
        unapplied.item_key,
        min_by(quoted_documents.item_type, quoted_documents.invoice_id) as document_type,
        min(quoted_documents.invoice_id) as invoice_id
    from unapplied
    inner join quotations
        on unapplied.item_key = quotations.item_key
    inner join quoted_documents
        on
            quotations.reference_key = quoted_documents.reference_key
            and unapplied.reconciliation = quoted_documents.reconciliation
            and unapplied.currency = quoted_documents.currency
            -- money that goes out pays no invoice, money that comes in no bill
            and sign(unapplied.amount) = sign(quoted_documents.amount)
    where
        unapplied.party_id = quoted_documents.party_id
        or unapplied.amount = quoted_documents.amount
    group by unapplied.item_key
)

select * from final
