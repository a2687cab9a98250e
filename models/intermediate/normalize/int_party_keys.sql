-- What a customer is known by: account numbers, legal name and aliases, the looser forms of both,
-- the customer number, and what confirmed matches have taught. A key that two customers share names
-- nobody (ties are refused). A customer whom the master lacks is known by whoever pays two of its
-- documents exactly and by their numbers, and no other customer's.
with

customers as (select * from {{ ref('stg_crm__customers') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

learned_payers as (
    select *
    from {{ ref('int_payers__learned') }}
    where status = 'active'
),

customer_names as (
    select
        customers.customer_id,
        'name' as key_kind,
        {{ normalize_name('customers.legal_name') }} as name_key
    from customers
    union all
    select
        customers.customer_id,
        'alias' as key_kind,
        {{ normalize_name('names.alias') }} as name_key
    from customers
    {{ unnest_list('customers.aliases', 'names', 'alias') }}
),

{{ reduced_names('customer_names') }},

customer_reduced_names as (
    select
        customer_names.customer_id,
        reduced_names.*
    from customer_names
    inner join reduced_names
        on customer_names.name_key = reduced_names.name_key
),

places as (select cast(counted.place as int) as place from range(20, 71) as counted (place)),

-- Banks cut names. A name cut inside a word says so; one cut between two words may be whole, and
-- counts from 26 characters on only (the shortest cut is 27, less a space).
cut_names as (
    select
        customer_reduced_names.customer_id,
        trim(substr(customer_reduced_names.plain_name, 1, places.place)) as name_key
    from customer_reduced_names
    inner join places
        on places.place < length(customer_reduced_names.plain_name)
    where
        substr(customer_reduced_names.plain_name, places.place, 1) <> ' '
        and (
            places.place >= 26
            or substr(customer_reduced_names.plain_name, places.place + 1, 1) <> ' '
        )
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
    select
        booked.item_id,
        booked.currency,
        booked.amount,
        {{ compact_upper('booked.counterparty_account') }} as account_key,
        {{ normalize_name('booked.counterparty_name') }} as name_key
    from {{ ref('int_bank_transactions__booked') }} as booked
    where booked.role = 'item'
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
payers_of_unlisted as (
    select distinct
        bank_transactions.account_key,
        bank_transactions.name_key
    from unlisted_mentions
    inner join bank_transactions
        on
            unlisted_mentions.item_id = bank_transactions.item_id
            and unlisted_mentions.currency = bank_transactions.currency
            and unlisted_mentions.total_amount = bank_transactions.amount
),

payer_keys as (
    select
        'account' as key_kind,
        payers_of_unlisted.account_key as key_value
    from payers_of_unlisted
    union
    select
        'name' as key_kind,
        payers_of_unlisted.name_key as key_value
    from payers_of_unlisted
),

line_keys as (
    select
        bank_transactions.*,
        'account' as key_kind,
        bank_transactions.account_key as key_value
    from bank_transactions
    union all
    select
        bank_transactions.*,
        'name' as key_kind,
        bank_transactions.name_key as key_value
    from bank_transactions
),

-- the few lines first, then what they say, then whose numbers it is
payer_lines as {{ materialized() }} (
    select
        payer_keys.key_kind,
        payer_keys.key_value,
        line_keys.item_id,
        line_keys.currency,
        line_keys.amount
    from payer_keys
    inner join line_keys
        on
            payer_keys.key_kind = line_keys.key_kind
            and payer_keys.key_value = line_keys.key_value
    where length(payer_keys.key_value) >= {{ search_limit('shortest_telling_text') }}
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

keys as (
    select
        customers.customer_id,
        'account' as key_kind,
        {{ compact_upper('accounts.account') }} as key_value
    from customers
    {{ unnest_list('customers.bank_accounts', 'accounts', 'account') }}
    union all
    select
        customer_names.customer_id,
        customer_names.key_kind,
        customer_names.name_key as key_value
    from customer_names
    union all
    -- a payer who states no legal form may be one of any form, but of one customer only
    select
        customer_reduced_names.customer_id,
        'bare_name' as key_kind,
        customer_reduced_names.bare_name as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'bare_name_and_form' as key_kind,
        customer_reduced_names.bare_name || '|' || customer_reduced_names.legal_form as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'word_set' as key_kind,
        customer_reduced_names.word_set as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'word_set' as key_kind,
        customer_reduced_names.initial_set as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'uninitialled_set' as key_kind,
        customer_reduced_names.uninitialled_set as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'short_name' as key_kind,
        customer_reduced_names.short_name as key_value
    from customer_reduced_names
    union all
    select
        customer_reduced_names.customer_id,
        'short_name' as key_kind,
        customer_reduced_names.short_name || '|' || customer_reduced_names.legal_form as key_value
    from customer_reduced_names
    where customer_reduced_names.legal_form <> ''
    union all
    select
        customer_numbers.customer_id,
        'customer_number' as key_kind,
        customer_numbers.key_value
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
    union all
    select
        cut_names.customer_id,
        'cut_name' as key_kind,
        cut_names.name_key as key_value
    from cut_names
),

master_keys as (
    select distinct
        case keys.key_kind when 'alias' then 'name' else keys.key_kind end as key_kind,
        keys.key_value
    from keys
    where keys.key_kind in ('account', 'name', 'alias')
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

known as (
    select
        keys.key_kind,
        keys.key_value,
        min(keys.customer_id) as customer_id,
        count(distinct keys.customer_id) > 1 as is_shared,
        cast(null as date) as applies_after
    from keys
    where keys.key_value is not null and keys.key_value <> ''
    group by keys.key_kind, keys.key_value
),

final as (
    select * from known
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
