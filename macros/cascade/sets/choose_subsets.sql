{#-
    Every subset of a target's few members, last of three steps, as CTEs `declined_masks` to
    `subset_members`: which of those that fit are shown, and how many there are.

    A set that people have declined is not shown, and counts: what is left of two is no more certain
    than it was. One whole purchase order goes before sets that are nothing else. Sets beyond those
    that are shown come as one more, of all the members that any of them takes.

    Reads `members`, `dealt`, `subsets`, `declined_sets`. Yields `subset_members`, one row per target, set and
    member; `is_run` where the set is all members from its first to its last by date, `is_order`
    where it is one whole purchase order.
-#}
{% macro choose_subsets() %}
-- of a declined set all members are open still, or it bars nothing
declined_masks as (
    select distinct
        found_masks.target_unit,
        found_masks.odd_mask,
        found_masks.even_mask
    from (
        select
            declined_sets.declined_group,
            declined_sets.target_unit,
            bit_or(case when dealt.half = 1 then dealt.bit else 0 end) as odd_mask,
            bit_or(case when dealt.half = 0 then dealt.bit else 0 end) as even_mask
        from declined_sets
        inner join dealt
            on
                declined_sets.target_unit = dealt.target_unit
                and declined_sets.member_unit = dealt.unit_key
        where declined_sets.pair_count = declined_sets.set_size
        group by declined_sets.declined_group, declined_sets.target_unit
        having count(*) = max(declined_sets.set_size)
    ) as found_masks
),

order_masks as (
    select
        dealt.target_unit,
        bit_or(case when dealt.half = 1 then dealt.bit else 0 end) as odd_mask,
        bit_or(case when dealt.half = 0 then dealt.bit else 0 end) as even_mask
    from dealt
    inner join members
        on dealt.unit_key = members.unit_key
    where members.purchase_order_number is not null
    group by dealt.target_unit, members.purchase_order_number
    having count(*) > 1
),

counted_subsets as (
    select
        subsets.*,
        declined_masks.target_unit is not null as is_declined,
        order_masks.target_unit is not null as is_order,
        count(*) over (partition by subsets.target_unit) as fits,
        count(order_masks.target_unit) over (partition by subsets.target_unit) as orders
    from subsets
    left join declined_masks
        on
            subsets.target_unit = declined_masks.target_unit
            and subsets.odd_mask = declined_masks.odd_mask
            and subsets.even_mask = declined_masks.even_mask
    left join order_masks
        on
            subsets.target_unit = order_masks.target_unit
            and subsets.odd_mask = order_masks.odd_mask
            and subsets.even_mask = order_masks.even_mask
),

preferred_subsets as (
    select
        counted_subsets.*,
        case when counted_subsets.orders = 1 then 1 else counted_subsets.fits end
            as sets_that_fit
    from counted_subsets
    where counted_subsets.orders <> 1 or counted_subsets.is_order
),

numbered_subsets as (
    select
        preferred_subsets.*,
        row_number() over (
            partition by preferred_subsets.target_unit
            order by
                preferred_subsets.member_count nulls last,
                preferred_subsets.odd_mask nulls last,
                preferred_subsets.even_mask nulls last
        ) as fit_number
    from preferred_subsets
    where not preferred_subsets.is_declined
),

ranked_subsets as (
    select
        numbered_subsets.*,
        cast(
            least(numbered_subsets.fit_number, {{ search_limit('sets_shown') }} + 1) as bigint
        ) as set_number
    from numbered_subsets
),

shown_subsets as (
    select
        ranked_subsets.target_unit,
        ranked_subsets.sets_that_fit,
        ranked_subsets.set_number,
        min(ranked_subsets.member_count) as member_count,
        max(case when ranked_subsets.is_order then 1 else 0 end) = 1 as is_order,
        bit_or(ranked_subsets.odd_mask) as odd_mask,
        bit_or(ranked_subsets.even_mask) as even_mask
    from ranked_subsets
    group by
        ranked_subsets.target_unit,
        ranked_subsets.sets_that_fit,
        ranked_subsets.set_number
),

chosen_members as (
    select
        shown_subsets.target_unit,
        dealt.unit_key,
        dealt.place,
        shown_subsets.set_number,
        shown_subsets.sets_that_fit,
        shown_subsets.member_count,
        shown_subsets.is_order
    from shown_subsets
    inner join dealt
        on shown_subsets.target_unit = dealt.target_unit
    where
        (
            case when dealt.half = 1 then shown_subsets.odd_mask else shown_subsets.even_mask end
            & dealt.bit
        ) <> 0
),

subset_members as (
    select
        chosen_members.*,
        (max(chosen_members.place) over same_set)
        - (min(chosen_members.place) over same_set)
        + 1
        = (count(*) over same_set) as is_run
    from chosen_members
    window
        same_set as (
            partition by chosen_members.target_unit, chosen_members.set_number
        )
)
{%- endmacro %}
