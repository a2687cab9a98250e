{#-
    Sets of open items that add up to one item of the other side, of the same party and currency:
    the body of int_sets__of_documents, int_sets__of_payments and int_remainders__sets. The steps
    are macros beside this one, in their order:

    1. `pick_targets`: what is looked for, and where.
    2. A target with few members in its days (`most_members_searched_whole`): every subset is looked
       at, so that the only one that fits is the only one there is. `sum_subsets`, `fit_subsets`,
       `choose_subsets`.
    3. One with more: two to four items, all items in its days but up to four, the oldest ones,
       those of a month, those of a purchase order. `join_places`, `join_blocks`, `rank_sets`.
    4. `weigh_sets`: whether a set may have come about by chance.

    target_side: 'actual' finds documents for a payment, 'expected' payments for a document.
    units_model, parties_model: what is looked among; shapes as int_sets__units and
    int_sets__parties.
    smallest_set: one member is a set, beside documents that are named (1), or takes no part in sets
    (2).

    Yields one row per set and member.
-#}
{% macro sets_of(
    target_side, units_model='int_sets__units', parties_model='int_sets__parties', smallest_set=2
) %}
with

units as (select * from {{ ref(units_model) }}),

sides as (select * from {{ ref(parties_model) }}),

declined as (select * from {{ ref('int_declined_pairs') }}),

{{ pick_targets(target_side, smallest_set) }},

{{ sum_subsets() }},

{{ fit_subsets(smallest_set) }},

{{ choose_subsets() }},

{{ join_places(smallest_set) }},

{{ join_blocks() }},

{{ rank_sets() }},

found_sets as (
    select
        subset_members.target_unit,
        subset_members.unit_key,
        subset_members.set_number,
        subset_members.sets_that_fit,
        subset_members.member_count,
        subset_members.is_run,
        subset_members.is_order
    from subset_members
    union all
    select
        ranked_members.target_unit,
        ranked_members.unit_key,
        ranked_members.set_number,
        ranked_members.sets_that_fit,
        ranked_members.member_count,
        false as is_run,
        false as is_order
    from ranked_members
),

{{ weigh_sets(smallest_set) }},

final as (
    select
        weighed_sets.reconciliation,
        weighed_sets.target_unit,
        weighed_sets.unit_key as member_unit,
        -- short, because all that settles the set is joined by it
        case when weighed_sets.is_payment then 'd' else 'p' end
        || cast(weighed_sets.party_number as {{ dbt.type_string() }})
        || '.' || cast(weighed_sets.target_place as {{ dbt.type_string() }})
        || '.' || cast(weighed_sets.set_number as {{ dbt.type_string() }}) as group_name,
        weighed_sets.set_number,
        weighed_sets.sets_that_fit,
        weighed_sets.member_count,
        weighed_sets.may_be_chance
    from weighed_sets
)

select * from final
{% endmacro %}
