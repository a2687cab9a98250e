-- What an actual item says that it pays, and how it says so.
with

bank_mentions as (select * from {{ ref('int_bank_transactions__mentions') }}),

open_items as (
    select *
    from {{ ref('int_open__unmatched') }}
    where side = 'actual'
),

-- (their texts are read for these alone)
open_records as (select distinct open_items.claim_key from open_items),

open_charges as {{ materialized() }} (
    select
        transactions.claim_key,
        transactions.payment_id,
        transactions.transaction_id,
        transactions.invoice_reference,
        transactions.description
    from (
        select
            charges.*,
            'charge|' || {{ item_id(['charges.gateway', 'charges.transaction_id']) }} as claim_key
        from {{ ref('stg_gateway__transactions') }} as charges
        where charges.type = 'charge'
    ) as transactions
    inner join open_records
        on transactions.claim_key = open_records.claim_key
),

-- a notification's advice goes by the id of the notification, and its money by the statement's
open_bank_lines as {{ materialized() }} (
    select
        open_records.claim_key,
        booked.end_to_end_id,
        booked.entry_id,
        0 as is_borrowed
    from {{ ref('int_bank_transactions__booked') }} as booked
    inner join open_records
        on 'bank_transaction|' || booked.item_id = open_records.claim_key
    union all
    select
        open_records.claim_key,
        cast(null as {{ dbt.type_string() }}) as end_to_end_id,
        booked.entry_id,
        1 as is_borrowed
    from {{ ref('int_bank_transactions__booked') }} as booked
    inner join open_records
        on 'bank_transaction|' || booked.described_item_id = open_records.claim_key
),

-- an advice names its payment by end-to-end id, bank reference or payment id
payment_names as (
    select
        open_charges.claim_key,
        {{ compact_upper('open_charges.payment_id') }} as payment_name,
        0 as is_borrowed
    from open_charges
    union all
    select
        open_charges.claim_key,
        {{ compact_upper('open_charges.transaction_id') }} as payment_name,
        0 as is_borrowed
    from open_charges
    union all
    select
        open_bank_lines.claim_key,
        {{ compact_upper('open_bank_lines.end_to_end_id') }} as payment_name,
        open_bank_lines.is_borrowed
    from open_bank_lines
    union all
    select
        open_bank_lines.claim_key,
        {{ compact_upper('open_bank_lines.entry_id') }} as payment_name,
        open_bank_lines.is_borrowed
    from open_bank_lines
),

-- a name that two payments share names neither
named_records as (
    select
        payment_names.payment_name,
        min(payment_names.claim_key) as claim_key,
        min(payment_names.is_borrowed) as is_borrowed
    from payment_names
    where payment_names.payment_name <> ''
    group by payment_names.payment_name
    having count(distinct payment_names.claim_key) = 1
),

-- in every reconciliation that the payment is open in
named_payments as (
    select
        named_records.payment_name,
        open_items.item_key,
        named_records.is_borrowed
    from named_records
    inner join open_items
        on named_records.claim_key = open_items.claim_key
),

-- lines of one advice that say the same are one statement
advised_by_name as (
    select
        named_payments.item_key,
        named_payments.is_borrowed,
        {{ compact_upper('advice_lines.invoice_reference') }} as line_key,
        min(advice_lines.invoice_reference) as mention_text,
        sum(advice_lines.amount) as stated_amount
    from {{ ref('stg_remittance__advice_lines') }} as advice_lines
    inner join named_payments
        on {{ compact_upper('advice_lines.payment_reference') }} = named_payments.payment_name
    group by
        named_payments.item_key,
        named_payments.is_borrowed,
        {{ compact_upper('advice_lines.invoice_reference') }}
),

-- what the statement says itself is not said twice when its notification repeats it
advised as (
    select
        advised_by_name.item_key,
        advised_by_name.line_key,
        advised_by_name.mention_text,
        advised_by_name.stated_amount
    from advised_by_name
    qualify row_number() over (
        partition by advised_by_name.item_key, advised_by_name.line_key
        order by advised_by_name.is_borrowed asc nulls last
    ) = 1
),

item_texts as (
    select
        open_items.item_key,
        '' as line_key,
        'invoice_reference' as mention_source,
        open_charges.invoice_reference as mention_text
    from open_charges
    inner join open_items
        on open_charges.claim_key = open_items.claim_key
    where open_charges.invoice_reference is not null
    union all
    select
        open_items.item_key,
        '' as line_key,
        'description' as mention_source,
        open_charges.description as mention_text
    from open_charges
    inner join open_items
        on open_charges.claim_key = open_items.claim_key
    where open_charges.description is not null
    union all
    select
        advised.item_key,
        advised.line_key,
        'remittance_advice' as mention_source,
        advised.mention_text
    from advised
),

-- descriptions stand on many charges: each is read once
texts as {{ materialized() }} (
    select distinct
        item_texts.mention_source,
        item_texts.mention_text
    from item_texts
),

{{ mentions_of('texts', ['mention_text']) }},

final as (
    select
        item_texts.item_key,
        mentions.mention_source,
        mentions.mention_value,
        mentions.beside_digits,
        min(mentions.mention_digits) as mention_digits,
        min(mentions.reading_steps) as reading_steps,
        cast(sum(advised.stated_amount) as {{ amount_type() }}) as stated_amount
    from item_texts
    inner join mentions
        on
            item_texts.mention_source = mentions.mention_source
            and item_texts.mention_text = mentions.mention_text
    left join advised
        on
            item_texts.item_key = advised.item_key
            and item_texts.line_key = advised.line_key
    group by
        item_texts.item_key,
        mentions.mention_source,
        mentions.mention_value,
        mentions.beside_digits
    union all
    select
        open_items.item_key,
        bank_mentions.mention_source,
        bank_mentions.mention_value,
        bank_mentions.beside_digits,
        bank_mentions.mention_digits,
        bank_mentions.reading_steps,
        cast(null as {{ amount_type() }}) as stated_amount
    from bank_mentions
    inner join open_items
        on
            open_items.item_type = 'bank_transaction'
            and bank_mentions.item_id = open_items.item_id
)

select * from final
