-- Every reference-like word or run of words that a bank line says, and where it says it.
with

transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item'
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
