-- Items of one side that add up to an item of the other: a match when exactly one set fits
-- and nothing else could want its members, else a suggestion of those that fit.
with

of_documents as (select * from {{ ref('int_sets__of_documents') }}),

of_payments as (select * from {{ ref('int_sets__of_payments') }}),

explained_links as (select * from {{ ref('int_links__explained_amount') }}),

sets as (
    select
        of_documents.reconciliation,
        of_documents.member_unit as expected_unit,
        of_documents.target_unit as actual_unit,
        of_documents.member_unit,
        of_documents.target_unit,
        of_documents.group_name,
        of_documents.sets_that_fit,
        of_documents.set_number,
        of_documents.may_be_chance
    from of_documents
    union all
    select
        of_payments.reconciliation,
        of_payments.target_unit as expected_unit,
        of_payments.member_unit as actual_unit,
        of_payments.member_unit,
        of_payments.target_unit,
        of_payments.group_name,
        of_payments.sets_that_fit,
        of_payments.set_number,
        of_payments.may_be_chance
    from of_payments
),

-- every unit of every set that fits, also of those that are not shown
claims as (
    select
        sets.member_unit as unit_key,
        sets.group_name
    from sets
    union all
    select distinct
        sets.target_unit as unit_key,
        sets.group_name
    from sets
    union all
    select distinct
        explained_links.expected_unit as unit_key,
        explained_links.group_name
    from explained_links
    union all
    select distinct
        explained_links.actual_unit as unit_key,
        explained_links.group_name
    from explained_links
),

wanted_twice as (
    select claims.unit_key
    from claims
    group by claims.unit_key
    having count(*) > 1
),

contested_groups as (
    select sets.group_name
    from sets
    inner join wanted_twice
        on sets.expected_unit = wanted_twice.unit_key
    union
    select sets.group_name
    from sets
    inner join wanted_twice
        on sets.actual_unit = wanted_twice.unit_key
),

final as (
    select
        sets.reconciliation,
        sets.expected_unit,
        sets.actual_unit,
        case
            when sets.sets_that_fit = 1 then 'the only set that fits'
            else
                'set ' || cast(sets.set_number as {{ dbt.type_string() }}) || ' of '
                || cast(sets.sets_that_fit as {{ dbt.type_string() }}) || ' that fit'
        end as evidence,
        false as is_ambiguous,
        case
            when sets.sets_that_fit > 1 then 'several_fit'
            when contested_groups.group_name is not null then 'set_wanted_twice'
            when sets.may_be_chance then 'may_be_chance'
        end as link_ambiguity,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        sets.group_name
    from sets
    left join contested_groups
        on sets.group_name = contested_groups.group_name
    where sets.set_number <= {{ search_limit('sets_shown') }}
)

select * from final
