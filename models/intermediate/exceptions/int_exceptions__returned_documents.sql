-- What a payment that came back had been for: the documents of any match that it was ever in, and
-- of a receipt or a debit those of its party that it names.
with

returns as (select * from {{ ref('int_bank_transactions__returns') }}),

-- of the few payments that came back, before the matches and texts of all are looked at
returned_matches as {{ materialized() }} (
    select distinct
        returns.item_id,
        payments.match_id
    from returns
    inner join {{ ref('int_match_allocations') }} as payments
        on returns.returned_item_id = payments.item_id
    where
        payments.item_type = 'bank_transaction'
        and payments.decision in ('auto_closed', 'approved', 'reversed')
),

matched as (
    select
        returned_matches.item_id,
        documents.item_key
    from returned_matches
    inner join {{ ref('int_match_allocations') }} as documents
        on returned_matches.match_id = documents.match_id
    where documents.side = 'expected' and documents.item_type <> 'bank_transaction'
),

mentions as {{ materialized() }} (
    select
        returns.item_id,
        payments.reconciliation,
        payments.family_id,
        mentions.mention_value,
        mentions.beside_digits
    from returns
    inner join {{ ref('int_items__balanced') }} as payments
        on returns.returned_item_id = payments.item_id
    inner join {{ ref('int_bank_transactions__mentions') }} as mentions
        on returns.returned_item_id = mentions.item_id
    where payments.item_type = 'bank_transaction' and payments.side = 'actual'
),

named as (
    select
        mentions.item_id,
        documents.item_key
    from mentions
    inner join {{ ref('int_item_numbers__current') }} as numbers
        on
            mentions.reconciliation = numbers.reconciliation
            and mentions.mention_value = numbers.number_value
            and numbers.strength = 'strong'
    inner join {{ ref('int_items__balanced') }} as documents
        on
            numbers.item_key = documents.item_key
            and mentions.family_id = documents.family_id
    where mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits
),

final as (
    select * from matched
    union
    select * from named
)

select * from final
