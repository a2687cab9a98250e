-- A difference is looked for before it is named. Where exactly one set of the payer's other open
-- documents equals what a payment pays beyond those it names (or its open credit memos what is
-- missing), both are one match; several sets are a suggestion each; where none is found, the
-- group is settled as its reference says: a part, or too much.
with

named as (select * from {{ ref('int_remainders__links') }}),

sets as (select * from {{ ref('int_remainders__sets') }}),

declined as (select * from {{ ref('int_declined_pairs') }}),

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
            when sets.sets_that_fit > 1 then 'several_fit'
            when contested_sets.target_unit is not null then 'set_wanted_twice'
            when sets.may_be_chance then 'may_be_chance'
        end as link_ambiguity
    from sets
    left join contested_sets
        on
            sets.target_unit = contested_sets.target_unit
            and sets.set_number = contested_sets.set_number
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
