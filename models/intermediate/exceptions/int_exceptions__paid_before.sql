-- Payments with nothing allocated that quote an invoice or a bill which other money has already
-- closed: it was paid again. A quotation counts with the same party, or with the same amount.
with

unapplied as (
    select
        items.item_key,
        items.reconciliation,
        items.item_type,
        items.item_id,
        items.party_id,
        items.currency,
        items.amount
    from {{ ref('int_items__unsettled') }} as items
    -- where somebody owes and somebody pays
    inner join {{ ref('reconciliations') }} as reconciliations
        on
            items.reconciliation = reconciliations.name
            and reconciliations.party_kind in ('customer', 'vendor')
    where
        items.side = 'actual'
        and items.item_type in ('charge', 'bank_transaction')
        and items.status <> 'set_aside'
        and items.open_amount = items.amount
),

-- of the few that are unapplied, before stated are compared
stated as {{ materialized() }} (
    select
        unapplied.item_key,
        transactions.invoice_reference
    from unapplied
    inner join {{ ref('stg_gateway__transactions') }} as transactions
        on
            unapplied.item_type = transactions.type
            and unapplied.item_id
            = {{ item_id(['transactions.gateway', 'transactions.transaction_id']) }}
    where transactions.type = 'charge' and transactions.invoice_reference is not null
),

quotations as (
    select
        stated.item_key,
        {{ number_key('stated.invoice_reference') }} as reference_key
    from stated
    union
    select
        unapplied.item_key,
        mentions.mention_value as reference_key
    from unapplied
    inner join {{ ref('int_bank_transactions__mentions') }} as mentions
        on
            unapplied.item_type = 'bank_transaction'
            and unapplied.item_id = mentions.item_id
),

-- with its payment beside each quotation: by currencies and signs alone all would meet
quoting as {{ materialized() }} (
    select
        unapplied.*,
        quotations.reference_key
    from unapplied
    inner join quotations
        on unapplied.item_key = quotations.item_key
),

final as (
    select
        quoting.item_key,
        min_by(documents.item_type, documents.item_id) as document_type,
        min(documents.item_id) as invoice_id
    from quoting
    inner join {{ ref('int_items__closed_documents') }} as documents
        on
            quoting.reference_key = documents.reference_key
            and quoting.reconciliation = documents.reconciliation
            and quoting.currency = documents.currency
            -- money that goes out pays no invoice, money that comes in no bill
            and sign(quoting.amount) = sign(documents.amount)
    where quoting.party_id = documents.party_id or quoting.amount = documents.amount
    group by quoting.item_key
)

select * from final
