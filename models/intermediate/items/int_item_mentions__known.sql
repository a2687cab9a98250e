-- What actual items mention that is the number of a document. Looked up once for all passes that
-- ask: of all that a year's texts say, one word in ten is a number of ours.
with

mentions as (select * from {{ ref('int_item_mentions') }}),

numbers as (select * from {{ ref('int_item_numbers__current') }}),

final as (
    select
        numbers.reconciliation,
        mentions.item_key,
        mentions.mention_source,
        mentions.mention_value,
        mentions.mention_digits,
        mentions.beside_digits,
        mentions.stated_amount,
        numbers.item_key as named_item_key,
        numbers.row_hash as named_row_hash,
        numbers.strength,
        -- what stands beside a number has to be its customer
        coalesce(
            mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits,
            false
        ) as is_of_party,
        mentions.reading_steps as mention_steps,
        mentions.reading_steps + numbers.reading_steps as reading_steps
    from mentions
    inner join numbers
        on mentions.mention_value = numbers.number_value
    where mentions.item_key like numbers.reconciliation || '|%'
)

select * from final
