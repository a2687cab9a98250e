{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail'
) }}

-- Every reference-like word or run of words that a bank line has ever said, and where. A text is
-- read once, whatever becomes of its line; texts of earlier versions stay, told apart by hash.
with

{% if is_incremental() %}
known as (
    select distinct
        readings.item_id,
        readings.text_hash
    from {{ this }} as readings
),

{% endif %}
transactions as (
    select booked.*
    from {{ ref('int_bank_transactions__booked') }} as booked
    {% if is_incremental() %}
    left join known
        on
            booked.item_id = known.item_id
            and booked.text_hash = known.text_hash
    where booked.role = 'item' and known.item_id is null
    {% else %}
    where booked.role = 'item'
    {% endif %}
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
