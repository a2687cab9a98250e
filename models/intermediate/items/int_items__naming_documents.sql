-- A payment that names a document is not about another one, also when what it names is paid
-- already: passes that go by amounts leave it alone.
with

mentions as (select * from {{ ref('int_item_mentions') }}),

numbers as (
    select *
    from {{ ref('int_item_numbers') }}
    where strength = 'strong'
),

documents as (select * from {{ ref('int_items') }}),

final as (
    select distinct mentions.item_key
    from mentions
    inner join numbers
        on mentions.mention_value = numbers.number_value
    inner join documents
        on
            numbers.item_key = documents.item_key
            and numbers.row_hash = documents.row_hash
    where mentions.item_key like numbers.reconciliation || '|%'
)

select * from final
