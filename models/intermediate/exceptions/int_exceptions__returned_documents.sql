-- What a payment that came back had been for: the documents of any match that it was ever in, and
-- of a receipt or a debit those of its party that it names.
with

returns as (select * from {{ ref('int_bank_transactions__returns') }}),

allocations as (select * from {{ ref('int_match_allocations') }}),

items as (select * from {{ ref('int_items__balanced') }}),

matched as (
    select
        returns.item_id,
        documents.item_key
    from returns
    inner join allocations as payments
        on
            payments.item_type = 'bank_transaction'
            and returns.returned_item_id = payments.item_id
    inner join allocations as documents
        on payments.match_id = documents.match_id
    where
        documents.side = 'expected'
        and documents.item_type <> 'bank_transaction'
        and payments.decision in ('auto_closed', 'approved', 'reversed')
),

named as (
    select
        returns.item_id,
        documents.item_key
    from returns
    inner join items as payments
        on
            payments.item_type = 'bank_transaction'
            and returns.returned_item_id = payments.item_id
    inner join {{ ref('int_bank_transactions__mentions') }} as mentions
        on returns.returned_item_id = mentions.item_id
    inner join {{ ref('int_item_numbers__current') }} as numbers
        on
            payments.reconciliation = numbers.reconciliation
            and mentions.mention_value = numbers.number_value
            and numbers.strength = 'strong'
    inner join items as documents
        on
            numbers.item_key = documents.item_key
            and payments.family_id = documents.family_id
    where
        payments.side = 'actual'
        and (mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits)
),

final as (
    select * from matched
    union
    select * from named
)

select * from final
