-- Whose accounts and names payments go to. There is no master of vendors: a debit that quotes bills
-- of one vendor and equals their sum says whose account it was paid to, and so does a sealed match
-- that rests on a reference or on a person's word. What was paid for two vendors is nobody's. A
-- vendor whose id is its name is known by that name.
with

bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item' and is_booked
),

mentions as (select * from {{ ref('int_bank_transactions__mentions') }}),

numbers as (
    select *
    from {{ ref('int_item_numbers') }}
    where reconciliation = 'bill_to_payment' and strength = 'strong'
),

bills as (
    select
        'bill_to_payment|vendor_invoice|' || int_vendor_invoices__summed.item_id as item_key,
        int_vendor_invoices__summed.item_id,
        int_vendor_invoices__summed.vendor_id,
        int_vendor_invoices__summed.currency,
        int_vendor_invoices__summed.total_amount,
        int_vendor_invoices__summed._row_hash
    from {{ ref('int_vendor_invoices__summed') }} as int_vendor_invoices__summed
),

allocations as (
    select
        int_journal__allocations.*,
        count(*) over (partition by match_id, item_type) as items_of_type
    from {{ ref('int_journal__allocations') }} as int_journal__allocations
    where reconciliation = 'bill_to_payment'
),

matches as (
    select *
    from {{ ref('int_journal__matches') }}
    where reconciliation = 'bill_to_payment'
),

reversals as (select * from {{ ref('int_journal__reversals') }}),

undone as (select * from {{ ref('int_matches__undone_by_people') }}),

-- what a person has taken apart teaches nothing
doubted as (
    select distinct allocations.item_id
    from allocations
    inner join undone
        on allocations.match_id = undone.match_id
    where allocations.item_type = 'bank_transaction'
),

quoted as (
    select distinct
        bank_transactions.item_id,
        bank_transactions.amount,
        bills.item_key,
        bills.vendor_id,
        bills.total_amount
    from bank_transactions
    inner join mentions
        on bank_transactions.item_id = mentions.item_id
    inner join numbers
        on mentions.mention_value = numbers.number_value
    inner join bills
        on
            numbers.item_key = bills.item_key
            and numbers.row_hash = bills._row_hash
            and bank_transactions.currency = bills.currency
    left join doubted
        on bank_transactions.item_id = doubted.item_id
    where
        bank_transactions.amount < 0
        and doubted.item_id is null
        and (mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits)
),

payments as (
    select
        quoted.item_id,
        min(quoted.vendor_id) as vendor_id
    from quoted
    group by quoted.item_id, quoted.amount
    having
        sum(quoted.total_amount) = -quoted.amount
        and count(*) = count(quoted.vendor_id)
        and count(distinct quoted.vendor_id) = 1
    union
    select
        payments.item_id,
        min(bills.vendor_id) as vendor_id
    from allocations as payments
    inner join matches
        on payments.match_id = matches.match_id
    inner join allocations as documents
        on
            payments.match_id = documents.match_id
            and documents.item_type = 'vendor_invoice'
    inner join bills
        on documents.item_id = bills.item_id
    left join reversals
        on payments.match_id = reversals.match_id
    left join undone
        on payments.match_id = undone.match_id
    where
        payments.item_type = 'bank_transaction'
        and reversals.match_id is null
        and undone.match_id is null
        and (
            matches.decision = 'approved'
            or (
                matches.pass in ('stated_reference', 'reference_in_text')
                and matches.relation = 'exact'
                and payments.items_of_type = 1
            )
        )
    group by payments.match_id, payments.item_id
    having count(*) = count(bills.vendor_id) and count(distinct bills.vendor_id) = 1
),

-- (names are normalized of these alone)
paid_lines as {{ materialized() }} (
    select
        payments.vendor_id,
        bank_transactions.counterparty_account,
        bank_transactions.counterparty_name
    from payments
    inner join bank_transactions
        on payments.item_id = bank_transactions.item_id
),

keys as (
    select
        'account' as key_kind,
        {{ compact_upper('paid_lines.counterparty_account') }} as key_value,
        paid_lines.vendor_id
    from paid_lines
    union
    select
        'name' as key_kind,
        {{ normalize_name('paid_lines.counterparty_name') }} as key_value,
        paid_lines.vendor_id
    from paid_lines
    union
    select
        'id' as key_kind,
        {{ normalize_name('bills.vendor_id') }} as key_value,
        bills.vendor_id
    from bills
    where bills.vendor_id is not null
),

final as (
    select
        keys.key_kind,
        keys.key_value,
        case when count(distinct keys.vendor_id) = 1 then min(keys.vendor_id) end as vendor_id
    from keys
    where length(keys.key_value) >= {{ search_limit('shortest_telling_text') }}
    group by keys.key_kind, keys.key_value
)

select * from final
