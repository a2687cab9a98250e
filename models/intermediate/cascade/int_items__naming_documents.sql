-- Payments that name a known document beyond doubt. They are about no other one, also when what
-- they name is paid already.
with

final as (
    select distinct mentions.item_key
    from {{ ref('int_item_mentions') }} as mentions
    inner join {{ ref('int_item_numbers__current') }} as numbers
        on
            mentions.mention_value = numbers.number_value
            and numbers.strength = 'strong'
    where
        mentions.item_key like numbers.reconciliation || '|%'
        and (mentions.beside_digits = '' or mentions.beside_digits = numbers.party_digits)
)

select * from final
