-- Expected: bills of vendors, and their credit notes. Actual: money that goes out to third parties.
with

bills as (select * from {{ ref('int_vendor_invoices__summed') }}),

duplicates as (select * from {{ ref('int_vendor_invoices__duplicates') }}),

bank_transactions as (select * from {{ ref('int_bank_transactions__classified') }}),

payees as (select * from {{ ref('int_payees__known') }}),

mentions as (select * from {{ ref('int_bank_transactions__mentions') }}),

numbers as (
    select *
    from {{ ref('int_item_numbers') }}
    where strength = 'strong'
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where reconciliation = 'bill_to_payment' and is_active
),

documents as (
    select
        'expected' as side,
        'vendor_invoice' as item_type,
        bills.item_id,
        bills.vendor_id as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        cast(bills.invoice_date as timestamp) as event_at,
        bills.invoice_date as due_from,
        bills.currency,
        -bills.total_amount as amount,
        cast(null as {{ dbt.type_string() }}) as record_status,
        case when duplicates.item_id is not null then 'duplicate' end as set_aside_reason,
        bills.vendor_invoice_number as document_number,
        cast(null as {{ dbt.type_string() }}) as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        bills._batch_id as batch_id,
        bills._row_hash as row_hash,
        'vendor_invoices' as feed,
        false as is_listed_only_if_matched,
        case when bills.vendor_id is not null then 'feed' else 'ambiguous' end as party_source
    from bills
    left join duplicates
        on bills.item_id = duplicates.item_id
),

-- A line that is a customer's or a gateway's at home can pay a bill too, or bring back what a
-- credit note says: it is looked at where it quotes one that moves money its way and no document
-- of our own, or a sealed match says so for good.
quoting_lines as (
    select mentions.item_id
    from mentions
    inner join numbers
        on mentions.mention_value = numbers.number_value
    inner join bank_transactions
        on mentions.item_id = bank_transactions.item_id
    left join bills
        on
            case when numbers.reconciliation = 'bill_to_payment' then numbers.row_hash end
            = bills._row_hash
            and sign(bank_transactions.amount) = -sign(bills.total_amount)
    where mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits
    group by mentions.item_id
    having
        count(bills.item_id) > 0
        and count(case when numbers.reconciliation <> 'bill_to_payment' then 1 end) = 0
    union
    select live_items.item_id
    from {{ ref('int_journal__live_items') }} as live_items
    where
        live_items.reconciliation = 'bill_to_payment'
        and live_items.item_type = 'bank_transaction'
),

outgoing as (
    select
        bank_transactions.*,
        bank_transactions.home_reconciliation = 'bill_to_payment' as is_at_home,
        {{ compact_upper('bank_transactions.counterparty_account') }} as account_key,
        {{ normalize_name('bank_transactions.counterparty_name') }} as name_key
    from bank_transactions
    left join quoting_lines
        on bank_transactions.item_id = quoting_lines.item_id
    where
        bank_transactions.home_reconciliation = 'bill_to_payment'
        or (
            quoting_lines.item_id is not null
            and bank_transactions.is_booked
            and not bank_transactions.is_own_transfer
        )
),

-- the account before the name: what is known of it decides, also that it is nobody's
payments as (
    select
        outgoing.*,
        case
            when accounts.key_value is not null then accounts.vendor_id
            when names.key_value is not null then names.vendor_id
            else ids.vendor_id
        end as vendor_id,
        coalesce(accounts.key_value, names.key_value, ids.key_value) is not null as is_known
    from outgoing
    left join payees as accounts
        on accounts.key_kind = 'account' and outgoing.account_key = accounts.key_value
    left join payees as names
        on names.key_kind = 'name' and outgoing.name_key = names.key_value
    left join payees as ids
        on ids.key_kind = 'id' and outgoing.name_key = ids.key_value
),

money as (
    select
        'actual' as side,
        'bank_transaction' as item_type,
        payments.item_id,
        payments.vendor_id as party_id,
        cast(null as {{ dbt.type_string() }}) as group_key,
        cast(payments.booking_date as timestamp) as event_at,
        payments.booking_date as due_from,
        payments.currency,
        payments.amount,
        cast(null as {{ dbt.type_string() }}) as record_status,
        case when not payments.is_booked then 'pending' end as set_aside_reason,
        coalesce(payments.counterparty_name, payments.entry_id) as document_number,
        payments.remittance_information as memo,
        cast(null as {{ dbt.type_string() }}) as purchase_order_number,
        payments._batch_id as batch_id,
        payments._row_hash as row_hash,
        'bank_transactions' as feed,
        not payments.is_at_home as is_listed_only_if_matched,
        case
            when payments.vendor_id is not null then 'learned'
            when payments.is_known then 'ambiguous'
        end as party_source
    from payments
),

all_items as (
    select * from documents
    union all
    select * from money
),

-- every item stands for itself
final as (
    select
        'bill_to_payment' as reconciliation,
        all_items.side,
        all_items.item_type,
        all_items.item_id,
        all_items.party_id,
        all_items.group_key,
        all_items.event_at,
        all_items.due_from,
        all_items.currency,
        all_items.amount,
        all_items.record_status,
        all_items.set_aside_reason,
        all_items.document_number,
        all_items.memo,
        all_items.purchase_order_number,
        all_items.batch_id,
        all_items.row_hash,
        all_items.feed,
        all_items.is_listed_only_if_matched,
        all_items.item_id as anchor_item_id,
        all_items.item_type as anchor_item_type,
        all_items.party_id as family_id,
        all_items.party_source
    from all_items
    inner join active
        on active.reconciliation = 'bill_to_payment'
)

select * from final
