{#-
    First step of looking for sets, as CTEs `parties` to `targets`: what sets are looked for, and
    among which members.

    Reads `units` (one row per open unit), `sides` (one row per party) and `declined`. Yields
    - `parties`, one row per party with enough members, seen from the side of the target;
    - `members`, one row per unit of the other side;
    - `declined_members` and `declined_sets`, one row per target and member that people have
      declined, each by itself or as one of a set;
    - `targets`, one row per unit that a set may add up to: the days in which its members may lie,
      how many do, and whether every subset of them is looked at.
-#}
{% macro pick_targets(target_side, smallest_set) %}
{%- set is_payment = target_side == 'actual' %}
{%- set member_side = 'expected' if is_payment else 'actual' %}
parties as (
    select
        sides.party_number,
        sides.reconciliation,
        sides.granularity,
        sides.{{ target_side }}_count as target_count,
        sides.{{ member_side }}_count as member_count,
        sides.{{ member_side }}_total as member_total,
        sides.{{ member_side }}_has_credits as has_credits,
        greatest(sides.expected_count, sides.actual_count)
        > {{ search_limit('largest_party_in_sets') }} as is_large,
        -- days that a member may lie before its target, and after it
        sides.{{ 'days_after' if is_payment else 'days_before' }} as days_back,
        sides.{{ 'days_before' if is_payment else 'days_after' }} as days_ahead
    from sides
    where sides.{{ member_side }}_count >= {{ smallest_set }}
),

members as (
    select
        units.party_number,
        units.place,
        units.unit_key,
        units.event_date,
        units.amount,
        units.purchase_order_number
    from units
    where units.side = '{{ member_side }}'
),

declined_members as (
    select
        declined.{{ target_side }}_item_key as target_unit,
        declined.{{ member_side }}_item_key as member_unit
    from declined
    where declined.declined_group is null
),

declined_sets as (
    select
        declined.declined_group,
        declined.{{ target_side }}_item_key as target_unit,
        declined.{{ member_side }}_item_key as member_unit,
        declined.group_units - 1 as set_size,
        count(*) over (partition by declined.declined_group) as pair_count
    from declined
    where declined.declined_group is not null
),

dated_targets as (
    select
        units.party_number,
        units.place as target_place,
        units.unit_key as target_unit,
        units.amount,
        parties.target_count,
        parties.member_count,
        parties.has_credits,
        parties.is_large,
        {{ 'true' if is_payment else 'false' }} as is_payment,
        cast({{ add_days('units.event_date', '-parties.days_back') }} as date) as first_day,
        cast({{ add_days('units.event_date', 'parties.days_ahead') }} as date) as last_day
    from units
    inner join parties
        on units.party_number = parties.party_number
    where units.side = '{{ target_side }}' and units.amount > 0
),

-- how many members lie in the days of a target; of a large party nobody counts
near_members as (
    select
        dated_targets.target_unit,
        count(*) as member_count
    from dated_targets
    inner join members
        on
            dated_targets.party_number = members.party_number
            and members.event_date between dated_targets.first_day and dated_targets.last_day
    where not dated_targets.is_large
    group by dated_targets.target_unit
),

targets as (
    select
        dated_targets.*,
        coalesce(near_members.member_count, dated_targets.member_count) as near_count,
        coalesce(near_members.member_count, dated_targets.member_count)
        <= least({{ search_limit('most_members_searched_whole') }}, 20) as is_searched_whole
    from dated_targets
    left join near_members
        on dated_targets.target_unit = near_members.target_unit
)
{%- endmacro %}
