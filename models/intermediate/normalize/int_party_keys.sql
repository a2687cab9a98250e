-- What a customer is known by: what the master says (int_customer_keys), the customer number, and
-- what confirmed matches have taught. A key that two customers share names nobody (ties are
-- refused). A customer whom the master lacks is known by whoever pays two of its documents exactly
-- and by their numbers, and no other customer's.
with

customers as (select * from {{ ref('stg_crm__customers') }}),

customer_keys as (select * from {{ ref('int_customer_keys') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

learned_payers as (
    select *
    from {{ ref('int_payers__learned') }}
    where status = 'active'
),

-- Customers that only the invoices know have a number too. What could be a year, an amount or a
-- word is no key, nor is what is also the number of a document.
numbered_customers as {{ materialized() }} (
    select customers.customer_id from customers
    union
    select invoices.customer_id from invoices
),

customer_numbers as {{ materialized() }} (
    select
        numbered_customers.customer_id,
        {{ number_key('numbered_customers.customer_id') }} as key_value
    from numbered_customers
),

strong_numbers as {{ read_in_place() }} (
    select
        numbers.row_hash,
        numbers.number_value
    from {{ ref('int_item_numbers') }} as numbers
    where numbers.reconciliation = 'invoice_to_receipt' and numbers.strength = 'strong'
),

bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item'
),

line_writings as (
    select
        bank_transactions.item_id,
        bank_transactions.currency,
        bank_transactions.amount,
        'account' as key_kind,
        bank_transactions.counterparty_account as written
    from bank_transactions
    union all
    select
        bank_transactions.item_id,
        bank_transactions.currency,
        bank_transactions.amount,
        'name' as key_kind,
        bank_transactions.counterparty_name as written
    from bank_transactions
),

-- accounts and names stand on many lines: each is read once
readings as {{ materialized() }} (
    select
        writings.key_kind,
        writings.written,
        case writings.key_kind
            when 'account' then {{ compact_upper('writings.written') }}
            else {{ normalize_name('writings.written') }}
        end as key_value
    from (
        select distinct
            line_writings.key_kind,
            line_writings.written
        from line_writings
    ) as writings
),

mentions as {{ read_in_place() }} (
    select *
    from {{ ref('int_bank_transactions__mentions') }}
    where beside_digits = ''
),

unlisted_documents as (
    select
        invoices._row_hash,
        invoices.currency,
        invoices.total_amount
    from invoices
    left join customers
        on invoices.customer_id = customers.customer_id
    where customers.customer_id is null
),

unlisted_numbers as {{ materialized() }} (
    select
        strong_numbers.number_value,
        unlisted_documents.currency,
        unlisted_documents.total_amount
    from unlisted_documents
    inner join strong_numbers
        on unlisted_documents._row_hash = strong_numbers.row_hash
),

unlisted_mentions as {{ materialized() }} (
    select
        mentions.item_id,
        unlisted_numbers.currency,
        unlisted_numbers.total_amount
    from unlisted_numbers
    inner join mentions
        on unlisted_numbers.number_value = mentions.mention_value
),

-- lines of everybody who pays a document of such a customer by its number
payer_keys as (
    select distinct
        readings.key_kind,
        readings.key_value
    from unlisted_mentions
    inner join line_writings
        on
            unlisted_mentions.item_id = line_writings.item_id
            and unlisted_mentions.currency = line_writings.currency
            and unlisted_mentions.total_amount = line_writings.amount
    inner join readings
        on
            line_writings.key_kind = readings.key_kind
            and line_writings.written = readings.written
    where length(readings.key_value) >= {{ search_limit('shortest_telling_text') }}
),

-- the few lines first, then what they say, then whose numbers it is
payer_lines as {{ materialized() }} (
    select
        payer_keys.key_kind,
        payer_keys.key_value,
        line_writings.item_id,
        line_writings.currency,
        line_writings.amount
    from payer_keys
    inner join readings
        on
            payer_keys.key_kind = readings.key_kind
            and payer_keys.key_value = readings.key_value
    inner join line_writings
        on
            readings.key_kind = line_writings.key_kind
            and readings.written = line_writings.written
),

payer_mentions as {{ materialized() }} (
    select
        payer_lines.*,
        mentions.mention_value
    from payer_lines
    inner join mentions
        on payer_lines.item_id = mentions.item_id
),

payer_numbers as {{ materialized() }} (
    select
        payer_mentions.*,
        strong_numbers.row_hash
    from payer_mentions
    inner join strong_numbers
        on payer_mentions.mention_value = strong_numbers.number_value
),

paid_by_number as (
    select
        payer_numbers.key_kind,
        payer_numbers.key_value,
        invoices.customer_id,
        invoices.invoice_id
    from payer_numbers
    inner join invoices
        on
            payer_numbers.row_hash = invoices._row_hash
            and payer_numbers.currency = invoices.currency
            and payer_numbers.amount = invoices.total_amount
),

paying as (
    select
        paid_by_number.key_kind,
        paid_by_number.key_value,
        min(paid_by_number.customer_id) as customer_id
    from paid_by_number
    group by paid_by_number.key_kind, paid_by_number.key_value
    having
        count(distinct paid_by_number.customer_id) = 1
        and count(distinct paid_by_number.invoice_id) >= 2
),

number_keys as (
    select
        customer_numbers.key_value,
        min(customer_numbers.customer_id) as customer_id,
        count(*) > 1 as is_shared
    from customer_numbers
    left join {{ ref('int_item_numbers') }} as document_numbers
        on customer_numbers.key_value = document_numbers.number_value
    where
        document_numbers.number_value is null
        and not {{ is_date_like('customer_numbers.key_value') }}
        and (
            {{ regex_matches('customer_numbers.key_value', '^[0-9]{6,}$') }}
            or (
                length(customer_numbers.key_value) >= 4
                and {{ regex_matches('customer_numbers.key_value', '[A-Z]') }}
                and {{ regex_matches('customer_numbers.key_value', '[0-9]{2}') }}
            )
        )
    group by customer_numbers.key_value
),

master_keys as (
    select distinct
        case customer_keys.key_kind when 'alias' then 'name' else customer_keys.key_kind end
            as key_kind,
        customer_keys.key_value
    from customer_keys
    where customer_keys.key_kind in ('account', 'name', 'alias')
),

-- the master knows better
told_by_payments as (
    select
        paying.customer_id,
        'paying_' || paying.key_kind as key_kind,
        paying.key_value
    from paying
    left join master_keys
        on
            paying.key_kind = master_keys.key_kind
            and paying.key_value = master_keys.key_value
    where master_keys.key_value is null
),

final as (
    select
        customer_keys.key_kind,
        customer_keys.key_value,
        customer_keys.customer_id,
        customer_keys.is_shared,
        cast(null as date) as applies_after
    from customer_keys
    union all
    select
        'customer_number' as key_kind,
        number_keys.key_value,
        number_keys.customer_id,
        number_keys.is_shared,
        cast(null as date) as applies_after
    from number_keys
    union all
    select
        told_by_payments.key_kind,
        told_by_payments.key_value,
        told_by_payments.customer_id,
        false as is_shared,
        cast(null as date) as applies_after
    from told_by_payments
    union all
    select
        'learned_' || learned_payers.key_kind as key_kind,
        learned_payers.key_value,
        learned_payers.customer_id,
        false as is_shared,
        learned_payers.applies_after
    from learned_payers
)

select * from final
