-- Every reference-like word or run of words that a bank line says, and where.
with

transactions as (
    select booked.*
    from {{ ref('int_bank_transactions__booked') }} as booked
    where booked.role = 'item'
),

line_texts as (
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

-- names and phrases stand on many lines: each is read once
texts as {{ materialized() }} (
    select distinct
        line_texts.mention_source,
        line_texts.mention_text
    from line_texts
),

{{ mentions_of('texts', ['mention_text']) }},

final as (
    select
        line_texts.item_id,
        mentions.mention_source,
        mentions.mention_value,
        mentions.beside_digits,
        mentions.mention_digits,
        mentions.reading_steps
    from line_texts
    inner join mentions
        on
            line_texts.mention_source = mentions.mention_source
            and line_texts.mention_text = mentions.mention_text
)

select * from final
