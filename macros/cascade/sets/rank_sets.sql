{#-
    Sets among many members, last of three steps, as CTEs `set_members` to `ranked_members`: each
    set once, in whatever ways it was found, the smallest first. Not one that lies outside the
    target's days in part, not one with a member that a person has declined for the target, and not
    one that people have declined as a whole, which counts among those that fit all the same.

    Reads `targets`, `place_members`, `block_members`, `declined_members`, `declined_sets`. Yields
    `ranked_members`, one row per target, set and member.
-#}
{% macro rank_sets() %}
set_members as (
    select * from place_members
    union all
    select * from block_members
),

signed_sets as (
    select
        set_members.target_unit,
        set_members.set_name,
        count(*) as member_count,
        min(set_members.event_date) as first_date,
        max(set_members.event_date) as last_date,
        {{ sorted_text_agg('set_members.unit_key', ' ') }} as signature,
        max(case when declined_members.member_unit is not null then 1 else 0 end)
            as has_declined_member
    from set_members
    left join declined_members
        on
            set_members.target_unit = declined_members.target_unit
            and set_members.unit_key = declined_members.member_unit
    group by set_members.target_unit, set_members.set_name
),

distinct_sets as (
    select
        signed_sets.target_unit,
        signed_sets.signature,
        min(signed_sets.set_name) as set_name,
        min(signed_sets.member_count) as member_count
    from signed_sets
    inner join targets
        on signed_sets.target_unit = targets.target_unit
    where
        signed_sets.has_declined_member = 0
        and signed_sets.first_date >= targets.first_day
        and signed_sets.last_date <= targets.last_day
    group by signed_sets.target_unit, signed_sets.signature
),

declined_signatures as (
    select distinct
        signatures.target_unit,
        signatures.signature
    from (
        select
            declined_sets.target_unit,
            {{ sorted_text_agg('declined_sets.member_unit', ' ') }} as signature
        from declined_sets
        where declined_sets.pair_count = declined_sets.set_size
        group by declined_sets.declined_group, declined_sets.target_unit
    ) as signatures
),

counted_sets as (
    select
        distinct_sets.*,
        declined_signatures.target_unit is not null as is_declined,
        count(*) over (partition by distinct_sets.target_unit) as sets_that_fit
    from distinct_sets
    left join declined_signatures
        on
            distinct_sets.target_unit = declined_signatures.target_unit
            and distinct_sets.signature = declined_signatures.signature
),

ranked_sets as (
    select
        counted_sets.*,
        cast(
            row_number() over (
                partition by counted_sets.target_unit
                order by counted_sets.member_count nulls last, counted_sets.signature nulls last
            ) as bigint
        ) as set_number
    from counted_sets
    where not counted_sets.is_declined
),

ranked_members as (
    select
        ranked_sets.target_unit,
        set_members.unit_key,
        ranked_sets.set_number,
        ranked_sets.sets_that_fit,
        ranked_sets.member_count
    from ranked_sets
    inner join set_members
        on
            ranked_sets.target_unit = set_members.target_unit
            and ranked_sets.set_name = set_members.set_name
)
{%- endmacro %}
