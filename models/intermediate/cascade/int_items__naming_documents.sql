-- Payments that name a document beyond doubt. They are about no other one, also when what they name
-- is paid already, or has not landed yet: a number in the form of ours that no document has is one
-- that is still to come, unless a slip of the hand explains it.
with

mentions as (select * from {{ ref('int_item_mentions') }}),

numbers as (select * from {{ ref('int_item_numbers__current') }}),

known_mentions as (select * from {{ ref('int_item_mentions__known') }}),

naming_known as (
    select distinct known_mentions.item_key
    from known_mentions
    where known_mentions.strength = 'strong' and known_mentions.is_of_party
),

formed_mentions as (
    select
        mentions.*,
        {{ form_of('mentions.mention_value') }} as form
    from mentions
    where
        mentions.reading_steps = 0
        -- what people write, and neither ids of the bank nor names
        and mentions.mention_source not in ('entry_reference', 'counterparty_name')
),

-- of letters and digits, as whole numbers of documents are written
mentioned_forms as (
    select distinct formed_mentions.form
    from formed_mentions
    where
        length({{ regex_extract('formed_mentions.form', '^[A-Z]+(9+)$', 1) }})
        >= {{ search_limit('fewest_digits_of_a_form') }}
),

-- those that several documents have
forms as (
    select
        numbers.reconciliation,
        numbers.form
    from numbers
    inner join mentioned_forms
        on numbers.form = mentioned_forms.form
    where numbers.reading_steps = 0
    group by numbers.reconciliation, numbers.form
    having count(distinct numbers.item_key) >= {{ search_limit('fewest_numbers_of_a_form') }}
),

-- none of the readings of one number is known
naming_unknown as (
    select distinct formed_mentions.item_key
    from formed_mentions
    inner join forms
        on formed_mentions.form = forms.form
    left join known_mentions
        on
            formed_mentions.item_key = known_mentions.item_key
            and formed_mentions.mention_source = known_mentions.mention_source
            and formed_mentions.mention_digits = known_mentions.mention_digits
    where
        formed_mentions.item_key like forms.reconciliation || '|%'
        and known_mentions.item_key is null
),

final as (
    select
        naming_known.item_key,
        true as is_known
    from naming_known
    union all
    select
        naming_unknown.item_key,
        false as is_known
    from naming_unknown
    left join naming_known
        on naming_unknown.item_key = naming_known.item_key
    where naming_known.item_key is null
)

select * from final
