-- Numbers that a text shortens: 'RC-27001/02/03' is three, 'RC-27004 bis RC-27007' four. What such
-- a list stands for is guessed, so it counts only as a whole: every number of it is an open
-- document of the payer, and together they are the payment to the cent.
with

open_items as (select * from {{ ref('int_open__after_keys') }}),

bank_transactions as (select * from {{ ref('int_bank_transactions__booked') }}),

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id(['gateway', 'transaction_id']) }} as item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
),

numbers as (select * from {{ ref('int_item_numbers__current') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'listed_numbers' and relation = 'exact' and rollout = 'stable'
),

declined as (select * from {{ ref('int_declined_pairs') }}),

{{ units_of('open_items') }},

payments as (
    select
        units.*,
        open_items.item_type,
        open_items.item_id
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    inner join open_items
        on units.unit_key = open_items.item_key
    where
        units.side = 'actual'
        and units.family_id is not null
        and units.unit_amount > 0
),

-- the payment's own condition keeps the engine from reading lists in all that was ever paid
open_texts as (
    select
        payments.*,
        case when payments.unit_amount > 0 then bank_transactions.remittance_information end
            as said
    from payments
    inner join bank_transactions
        on
            payments.item_type = 'bank_transaction'
            and payments.item_id = bank_transactions.item_id
    union all
    select
        payments.*,
        case when payments.unit_amount > 0 then transactions.description end as said
    from payments
    inner join transactions
        on payments.item_type = transactions.type and payments.item_id = transactions.item_id
),

texts as {{ materialized() }} (
    select
        open_texts.*,
        {{ with_list_signs('open_texts.said') }} as message
    from open_texts
    where {{ regex_matches('open_texts.said', '[0-9]{3}') }}
),

forms as (
    select 'list' as form
    union all
    select 'range' as form
),

-- (a join, for the engine would take what is asked of a branch of a union down to the texts, and
-- look for their signs again for each question)
written as (
    select
        texts.*,
        forms.form,
        case forms.form
            when 'list' then {{ regex_extract('texts.message', list_pattern(), 1) }}
            else {{ regex_extract('texts.message', range_pattern(), 1) }}
        end as first_number,
        case forms.form
            when 'list'
                then replace({{ regex_extract('texts.message', list_pattern(), 2) }}, '/', ',')
            else {{ regex_extract('texts.message', range_pattern(), 2) }}
        end as others
    from texts
    cross join forms
),

parted as (
    select
        written.*,
        coalesce(
            {{ compact_upper(regex_extract('written.first_number', '^(.*[^0-9])[0-9]+$', 1)) }}, ''
        ) as head,
        {{ regex_extract('written.first_number', '([0-9]+)$', 1) }} as first_digits,
        coalesce(
            {{ compact_upper(regex_extract('written.others', '^(.*[^0-9])[0-9]+$', 1)) }}, ''
        ) as last_head,
        {{ regex_extract('written.others', '([0-9]+)$', 1) }} as last_digits
    from written
    where written.first_number is not null and written.others is not null
),

ranges as (
    select
        parted.*,
        {{ try_cast_as('parted.first_digits', 'bigint') }} as first_value,
        {{ try_cast_as(
            'substr(parted.first_digits, 1, length(parted.first_digits) - length(parted.last_digits))'
            ~ ' || parted.last_digits', 'bigint'
        ) }} as last_value
    from parted
    where
        parted.form = 'range'
        and parted.last_head in ('', parted.head)
        and length(parted.first_digits) between length(parted.last_digits) and 18
),

steps as (
    select cast(counted.step as bigint) as step
    from range(0, 13) as counted (step)
),

members as (
    select
        parted.unit_key,
        parted.form,
        parted.head,
        parted.first_digits,
        parted.first_digits as digits
    from parted
    where parted.form = 'list'
    union
    select
        parted.unit_key,
        parted.form,
        parted.head,
        parted.first_digits,
        substr(parted.first_digits, 1, length(parted.first_digits) - length(endings.ending))
        || endings.ending as digits
    from parted
    {{ unnest_list(split_to_list('substr(parted.others, 2)', ','), 'endings', 'ending') }}
    where parted.form = 'list'
    union
    select
        ranges.unit_key,
        ranges.form,
        ranges.head,
        ranges.first_digits,
        lpad(
            cast(ranges.first_value + steps.step as {{ dbt.type_string() }}),
            cast(length(ranges.first_digits) as int),
            '0'
        ) as digits
    from ranges
    inner join steps
        on
            ranges.last_value - ranges.first_value between 1 and 12
            and ranges.first_value + steps.step <= ranges.last_value
),

keyed as {{ materialized() }} (
    select
        members.*,
        {{ without_leading_zeros('members.head || members.digits') }} as number_value,
        count(*) over (partition by members.unit_key, members.form) as members_said
    from members
),

-- the few lists first: a payer's documents are not held against all that the payer has sent
known_members as {{ materialized() }} (
    select
        keyed.unit_key,
        keyed.form,
        keyed.head,
        keyed.first_digits,
        keyed.digits,
        keyed.members_said,
        numbers.reconciliation,
        numbers.item_key
    from keyed
    inner join numbers
        on keyed.number_value = numbers.number_value
),

listing as {{ materialized() }} (
    select
        known_members.*,
        payments.unit_amount as payment_amount,
        payments.family_id,
        payments.currency
    from known_members
    inner join payments
        on
            known_members.unit_key = payments.unit_key
            and known_members.reconciliation = payments.reconciliation
),

found as (
    select distinct
        listing.reconciliation,
        listing.unit_key as actual_unit,
        listing.payment_amount,
        listing.form,
        listing.digits,
        listing.members_said,
        listing.head || listing.first_digits as first_number,
        documents.unit_key as expected_unit,
        documents.unit_amount
    from listing
    inner join units as documents
        on
            listing.item_key = documents.unit_key
            and documents.side = 'expected'
            and listing.family_id = documents.family_id
            and listing.currency = documents.currency
),

totals as (
    select
        found.actual_unit,
        found.form
    from found
    group by found.actual_unit, found.form
    having
        count(distinct found.digits) = max(found.members_said)
        and count(*) = max(found.members_said)
        and count(distinct found.expected_unit) = max(found.members_said)
        and max(found.members_said) >= 2
        and sum(found.unit_amount) = max(found.payment_amount)
),

links as (
    select
        found.reconciliation,
        found.expected_unit,
        found.actual_unit,
        found.first_number || ' and what follows' as evidence,
        false as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        cast(null as {{ dbt.type_string() }}) as link_ambiguity,
        found.form || '~' || found.actual_unit as group_name
    from found
    inner join totals
        on found.actual_unit = totals.actual_unit and found.form = totals.form
),

{{ declined_among('links') }},

final as (
    select links.*
    from links
    left join declined_pairs
        on
            links.expected_unit = declined_pairs.expected_item_key
            and links.actual_unit = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
)

select * from final
