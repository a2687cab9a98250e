-- Every reference-like word or run of words that a bank line has ever said, and where. A text is
-- read once, whatever becomes of its line; texts of earlier versions stay, told apart by hash.
with

transactions as (
    select booked.*
    from {{ ref('int_bank_transactions__booked') }} as booked
    where booked.role = 'item'
),

texts as (
    select
        transactions.item_id,
        transactions.text_hash,
        'structured_reference' as mention_source,
        transactions.structured_reference as mention_text
    from transactions
    where transactions.structured_reference is not null
    union all
    select
        transactions.item_id,
        transactions.text_hash,
        'end_to_end_id' as mention_source,
        transactions.end_to_end_id as mention_text
    from transactions
    where transactions.end_to_end_id is not null
    union all
    select
        transactions.item_id,
        transactions.text_hash,
        'remittance_information' as mention_source,
        transactions.remittance_information as mention_text
    from transactions
    where transactions.remittance_information is not null
    union all
    select
        transactions.item_id,
        transactions.text_hash,
        'counterparty_name' as mention_source,
        transactions.counterparty_name as mention_text
    from transactions
    where transactions.counterparty_name is not null
    union all
    select
        transactions.item_id,
        transactions.text_hash,
        'entry_reference' as mention_source,
        transactions.entry_key as mention_text
    from transactions
    where transactions.entry_key is not null
),

{{ mentions_of('texts', ['item_id', 'text_hash']) }}

select * from mentions
