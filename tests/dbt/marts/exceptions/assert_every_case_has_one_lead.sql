-- Guards: exactly one exception of a case leads it, an open one while any is open; what one bond
-- ties together is one case.
-- Breaks when: leads are chosen by something that ties, a chain of bonds is longer than the rounds
-- of connected_components, or a resolved exception leads an open case. In silence, a case would be
-- counted twice, or not at all, in every queue and amount.
{{ config(meta={'dagster': {'ref': {'name': 'fct_exceptions'}}}) }}

with

exceptions as (select * from {{ ref('fct_exceptions') }}),

bonds as (
    select
        bonds.bond_id,
        bonded_items.case_id
    from {{ ref('int_exceptions__bonds') }} as bonds
    left join {{ ref('int_exceptions__bonded_items') }} as bonded_items
        on bonds.item_key = bonded_items.item_key
),

cases as (
    select
        exceptions.case_id,
        sum(case when exceptions.is_case_lead then 1 else 0 end) as leads,
        sum(case when exceptions.status <> 'resolved' then 1 else 0 end) as open_exceptions,
        sum(
            case when exceptions.is_case_lead and exceptions.status <> 'resolved' then 1 else 0 end
        ) as open_leads
    from exceptions
    group by exceptions.case_id
),

final as (
    select
        cases.case_id,
        'a case without a lead, with several, or led by what is resolved' as failure
    from cases
    where
        cases.leads is distinct from 1
        or (cases.open_exceptions > 0 and cases.open_leads is distinct from 1)
        or cases.case_id is null
    union all
    select
        min(bonds.case_id) as case_id,
        'items of one bond are in several cases, or in none' as failure
    from bonds
    group by bonds.bond_id
    having
        count(distinct bonds.case_id) <> 1
        or count(bonds.case_id) <> count(*)
)

select * from final
