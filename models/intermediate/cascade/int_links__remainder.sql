-- A difference is looked for before it is named. Where exactly one set of the payer's other open
-- documents equals what a payment pays beyond those it names (or its open credit memos what is
-- missing), both are one match; several sets are a suggestion each; where none is found, the
-- group is settled as its reference says: a part, or too much. A credit memo that equals an invoice
-- may be for that one, and what is missing may be another payment, which equals it.
with

named as (select * from {{ ref('int_remainders__links') }}),

sets as (select * from {{ ref('int_remainders__sets') }}),

declined as (select * from {{ ref('int_declined_pairs') }}),

open_items as (select * from {{ ref('int_open__after_equals') }}),

equal_memos as (select * from {{ ref('int_credit_memos__equal') }}),

{{ units_of('open_items') }},

named_payments as (
    select distinct named.actual_unit
    from named
),

-- money of the same payer that equals the whole of a set of credit memos
missing_amounts as (
    select
        sets.target_unit,
        sets.set_number,
        units.reconciliation,
        units.family_id,
        units.currency,
        cast(-sum(units.unit_amount) as {{ amount_type() }}) as missing_amount
    from sets
    inner join units
        on sets.member_unit = units.unit_key and units.side = 'expected'
    group by
        sets.target_unit, sets.set_number, units.reconciliation, units.family_id, units.currency
    having sum(units.unit_amount) < 0
),

paid_apart as (
    select distinct
        missing_amounts.target_unit,
        missing_amounts.set_number
    from missing_amounts
    inner join units
        on
            missing_amounts.reconciliation = units.reconciliation
            and missing_amounts.family_id = units.family_id
            and missing_amounts.currency = units.currency
            and missing_amounts.missing_amount = units.unit_amount
            and units.side = 'actual'
    left join named_payments
        on units.unit_key = named_payments.actual_unit
    where named_payments.actual_unit is null
),

meant_otherwise as (
    select
        sets.target_unit,
        sets.set_number
    from sets
    inner join equal_memos
        on sets.member_unit = equal_memos.memo_key
    union
    select
        paid_apart.target_unit,
        paid_apart.set_number
    from paid_apart
),

wanted_twice as (
    select sets.member_unit
    from sets
    group by sets.member_unit
    having count(distinct sets.target_unit) > 1
),

contested_sets as (
    select distinct
        sets.target_unit,
        sets.set_number
    from sets
    inner join wanted_twice
        on sets.member_unit = wanted_twice.member_unit
),

found_sets as (
    select distinct
        sets.target_unit,
        sets.set_number,
        sets.group_name,
        case
            when sets.sets_that_fit = 1 then 'the only set that fits'
            else
                'set ' || cast(sets.set_number as {{ dbt.type_string() }}) || ' of '
                || cast(sets.sets_that_fit as {{ dbt.type_string() }}) || ' that fit'
        end as evidence,
        case
            when sets.sets_that_fit > 1 or meant_otherwise.target_unit is not null
                then 'several_fit'
            when contested_sets.target_unit is not null then 'set_wanted_twice'
            when sets.may_be_chance then 'may_be_chance'
        end as link_ambiguity
    from sets
    left join contested_sets
        on
            sets.target_unit = contested_sets.target_unit
            and sets.set_number = contested_sets.set_number
    left join meant_otherwise
        on
            sets.target_unit = meant_otherwise.target_unit
            and sets.set_number = meant_otherwise.set_number
    where sets.set_number <= {{ search_limit('sets_shown') }}
),

completed as (
    select
        named.reconciliation,
        'remainder' as pass,
        named.expected_unit,
        named.actual_unit,
        found_sets.evidence,
        named.is_ambiguous,
        found_sets.link_ambiguity,
        named.is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        'r' || found_sets.group_name as group_name
    from found_sets
    inner join named
        on found_sets.target_unit = named.actual_unit
    union all
    select
        sets.reconciliation,
        'remainder' as pass,
        sets.member_unit as expected_unit,
        sets.target_unit as actual_unit,
        found_sets.evidence,
        false as is_ambiguous,
        found_sets.link_ambiguity,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        'r' || found_sets.group_name as group_name
    from found_sets
    inner join sets
        on
            found_sets.target_unit = sets.target_unit
            and found_sets.set_number = sets.set_number
),

{{ declined_among('completed') }},

declined_groups as (
    select distinct completed.group_name
    from completed
    inner join declined_pairs
        on
            completed.expected_unit = declined_pairs.expected_item_key
            and completed.actual_unit = declined_pairs.actual_item_key
),

shown as (
    select completed.*
    from completed
    left join declined_groups
        on completed.group_name = declined_groups.group_name
    where declined_groups.group_name is null
),

completed_groups as (
    select distinct named.group_name
    from named
    inner join shown
        on named.actual_unit = shown.actual_unit
),

final as (
    select shown.*
    from shown
    union all
    select
        named.reconciliation,
        named.pass,
        named.expected_unit,
        named.actual_unit,
        named.evidence,
        named.is_ambiguous,
        case when named.is_tangled = 1 then 'tangled_references' end as link_ambiguity,
        named.is_weak,
        named.stated_amount,
        named.group_name
    from named
    left join completed_groups
        on named.group_name = completed_groups.group_name
    where completed_groups.group_name is null
)

select * from final
