-- Every reference-like word or run of words that a bank line says, and where it says it. Lines that
-- sealed matches hold whole are not read again.
with

settled_items as (
    select distinct live_items.item_id
    from {{ ref('int_journal__live_items') }} as live_items
    where
        live_items.item_type = 'bank_transaction'
        and live_items.is_held_whole
        and live_items.reconciliation <> 'bank_to_ledger'
),

transactions as (
    select booked.*
    from {{ ref('int_bank_transactions__booked') }} as booked
    left join settled_items
        on booked.item_id = settled_items.item_id
    where booked.role = 'item' and settled_items.item_id is null
),

texts as (
    select
        transactions.item_id,
        'structured_reference' as mention_source,
        transactions.structured_reference as mention_text
    from transactions
    where transactions.structured_reference is not null
    union all
    select
        transactions.item_id,
        'end_to_end_id' as mention_source,
        transactions.end_to_end_id as mention_text
    from transactions
    where transactions.end_to_end_id is not null
    union all
    select
        transactions.item_id,
        'remittance_information' as mention_source,
        transactions.remittance_information as mention_text
    from transactions
    where transactions.remittance_information is not null
    union all
    select
        transactions.item_id,
        'counterparty_name' as mention_source,
        transactions.counterparty_name as mention_text
    from transactions
    where transactions.counterparty_name is not null
    union all
    select
        transactions.item_id,
        'entry_reference' as mention_source,
        transactions.entry_key as mention_text
    from transactions
    where transactions.entry_key is not null
),

{{ mentions_of('texts', ['item_id']) }}

select * from mentions
