-- A ledger line carries a reference of a bank line of its account: the bank's own id, or a
-- number that stands in the bank's text. Among those that carry it, what is equal comes first: a
-- payment and its return carry one reference and are two matches. Of several equal ledger lines
-- that carry one id the first posts the bank line, and the others post it again. Of the rest, a
-- number that several lines of both sides carry tells none of them apart; the amounts of one
-- against several are added up.
with

open_items as (
    select *
    from {{ ref('int_open__unmatched') }}
    where reconciliation = 'bank_to_ledger'
),

declined as (select * from {{ ref('int_declined_pairs') }}),

bank_lines as (
    select
        open_items.item_key,
        open_items.party_id,
        open_items.remaining_amount,
        booked.entry_id,
        booked.end_to_end_id,
        booked.remittance_information
    from {{ ref('int_bank_transactions__booked') }} as booked
    inner join open_items
        on
            open_items.side = 'expected'
            and booked.item_id = open_items.item_id
    where booked.role = 'item'
),

ledger_lines as (
    select
        open_items.item_key,
        open_items.party_id,
        open_items.remaining_amount,
        open_items.event_date,
        ledger_entries.reference,
        ledger_entries.document_id,
        ledger_entries.description
    from {{ ref('stg_ledger__entries') }} as ledger_entries
    inner join open_items
        on
            open_items.side = 'actual'
            and {{ item_id(['ledger_entries.entry_id', 'ledger_entries.line_id']) }}
            = open_items.item_id
),

line_texts as (
    select
        bank_lines.item_key,
        bank_lines.party_id,
        'bank' as mention_source,
        bank_lines.remittance_information as mention_text
    from bank_lines
    where bank_lines.remittance_information is not null
    union all
    select
        ledger_lines.item_key,
        ledger_lines.party_id,
        'ledger' as mention_source,
        ledger_lines.description as mention_text
    from ledger_lines
    where ledger_lines.description is not null
),

-- phrases stand on many lines: each is read once
texts as {{ materialized() }} (
    select distinct
        line_texts.mention_source,
        line_texts.mention_text
    from line_texts
),

{{ mentions_of('texts', ['mention_text'], as_written=true) }},

-- an id is given as such; a number in a text counts only against an id
carried as (
    select
        bank_lines.item_key,
        bank_lines.party_id,
        'bank' as mention_source,
        {{ compact_upper('bank_lines.entry_id') }} as carried_value,
        1 as is_id
    from bank_lines
    union all
    select
        bank_lines.item_key,
        bank_lines.party_id,
        'bank' as mention_source,
        {{ compact_upper('bank_lines.end_to_end_id') }} as carried_value,
        1 as is_id
    from bank_lines
    union all
    select
        ledger_lines.item_key,
        ledger_lines.party_id,
        'ledger' as mention_source,
        {{ compact_upper('ledger_lines.reference') }} as carried_value,
        1 as is_id
    from ledger_lines
    union all
    select
        ledger_lines.item_key,
        ledger_lines.party_id,
        'ledger' as mention_source,
        {{ compact_upper('ledger_lines.document_id') }} as carried_value,
        1 as is_id
    from ledger_lines
    union all
    select
        line_texts.item_key,
        line_texts.party_id,
        line_texts.mention_source,
        mentions.mention_value as carried_value,
        0 as is_id
    from line_texts
    inner join mentions
        on
            line_texts.mention_source = mentions.mention_source
            and line_texts.mention_text = mentions.mention_text
),

-- four digits can be a year, an amount or a street number
telling as {{ materialized() }} (
    select
        carried.item_key,
        carried.party_id,
        carried.mention_source,
        carried.carried_value,
        max(carried.is_id) as is_id
    from carried
    where
        length(carried.carried_value) >= 5
        and {{ regex_matches('carried.carried_value', '[0-9]') }}
    group by
        carried.item_key,
        carried.party_id,
        carried.mention_source,
        carried.carried_value
),

-- bank lines that carry a value alone among those of their amount
sole_banks as {{ materialized() }} (
    select
        telling.party_id,
        telling.carried_value,
        bank_lines.remaining_amount,
        min(telling.item_key) as item_key,
        max(telling.is_id) as is_id
    from telling
    inner join bank_lines
        on telling.item_key = bank_lines.item_key
    where telling.mention_source = 'bank'
    group by telling.party_id, telling.carried_value, bank_lines.remaining_amount
    having count(*) = 1
),

-- with its amount beside what it carries: by the amount alone all lines of one amount would meet
telling_ledgers as {{ materialized() }} (
    select
        telling.*,
        ledger_lines.event_date,
        ledger_lines.remaining_amount
    from telling
    inner join ledger_lines
        on telling.item_key = ledger_lines.item_key
    where telling.mention_source = 'ledger'
),

equal_pairs as (
    select
        sole_banks.item_key as expected_unit,
        telling_ledgers.item_key as actual_unit,
        telling_ledgers.event_date,
        max(sole_banks.carried_value) as carried_value,
        max(least(sole_banks.is_id, telling_ledgers.is_id)) as is_id_of_both
    from sole_banks
    inner join telling_ledgers
        on
            sole_banks.party_id = telling_ledgers.party_id
            and sole_banks.carried_value = telling_ledgers.carried_value
            and sole_banks.remaining_amount = telling_ledgers.remaining_amount
    where greatest(sole_banks.is_id, telling_ledgers.is_id) = 1
    group by sole_banks.item_key, telling_ledgers.item_key, telling_ledgers.event_date
),

equals as (
    select
        equal_pairs.expected_unit,
        equal_pairs.actual_unit,
        equal_pairs.carried_value,
        row_number() over (
            partition by equal_pairs.expected_unit
            order by equal_pairs.event_date nulls last, equal_pairs.actual_unit nulls last
        ) as place
    from equal_pairs
    -- a number in a text is no proof that a second entry is one too many
    qualify
        min(equal_pairs.is_id_of_both) over (partition by equal_pairs.expected_unit) = 1
        or count(*) over (partition by equal_pairs.expected_unit) = 1
),

settled_units as (
    select equals.expected_unit as unit_key from equals
    union
    select equals.actual_unit as unit_key from equals
),

unsettled as {{ materialized() }} (
    select telling.*
    from telling
    left join settled_units
        on telling.item_key = settled_units.unit_key
    where settled_units.unit_key is null
),

carriers as (
    select
        unsettled.party_id,
        unsettled.carried_value
    from unsettled
    group by unsettled.party_id, unsettled.carried_value
    having
        count(case when unsettled.mention_source = 'bank' then 1 end) = 1
        or count(case when unsettled.mention_source = 'ledger' then 1 end) = 1
),

-- one against several, told before both sides meet: several against several are all with all
carrying_banks as {{ materialized() }} (
    select
        unsettled.item_key,
        unsettled.party_id,
        unsettled.carried_value,
        unsettled.is_id
    from carriers
    inner join unsettled
        on
            carriers.party_id = unsettled.party_id
            and carriers.carried_value = unsettled.carried_value
    where unsettled.mention_source = 'bank'
),

added_up as (
    select
        carrying_banks.item_key as expected_unit,
        unsettled.item_key as actual_unit,
        carrying_banks.carried_value
    from carrying_banks
    inner join unsettled
        on
            carrying_banks.party_id = unsettled.party_id
            and carrying_banks.carried_value = unsettled.carried_value
            and unsettled.mention_source = 'ledger'
    where carrying_banks.is_id = 1 or unsettled.is_id = 1
),

found as (
    select
        equals.expected_unit,
        equals.actual_unit,
        equals.carried_value
    from equals
    where equals.place = 1
    union all
    select
        added_up.expected_unit,
        added_up.actual_unit,
        added_up.carried_value
    from added_up
),

{{ declined_among('found') }},

final as (
    select
        'bank_to_ledger' as reconciliation,
        found.expected_unit,
        found.actual_unit,
        max(found.carried_value) as evidence,
        false as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        cast(null as {{ dbt.type_string() }}) as group_name
    from found
    left join declined_pairs
        on
            found.expected_unit = declined_pairs.expected_item_key
            and found.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
    group by found.expected_unit, found.actual_unit
)

select * from final
