{#-
    Last step of looking for sets, as CTEs `pools` to `weighed_sets`: whether a set may have come
    about by chance. How many sets as simple as the one found there are (`as_simple`), each with its
    sum, is held against how many amounts those sums may have: all that the party has, in steps of
    its granularity. A set that takes all but two is as simple as one of two.

    A set is weighed once among all that its party has, and once more without what other targets
    surely take: the only set that fits a target, that no chance made, and of which no other set
    wants a member.

    Reads `found_sets`, `targets`, `parties`, `members`. Yields `weighed_sets`, one row per set and
    member.
-#}
{% macro weigh_sets(smallest_set) %}
pools as (
    select
        found_sets.*,
        parties.reconciliation,
        parties.party_number,
        parties.granularity,
        targets.target_place,
        targets.is_payment,
        targets.is_searched_whole,
        -- One payment for all that is open, credit memos taken off: an account that is settled. One
        -- that names its documents settles it with what these leave.
        targets.is_payment
        and found_sets.member_count = parties.member_count
        and parties.has_credits
        and (
            {{ smallest_set }} = 1
            or (found_sets.member_count > 2 and parties.target_count = 1)
        ) as settles_account,
        parties.member_count as party_members,
        targets.near_count as near_members,
        parties.member_total
    from found_sets
    inner join targets
        on found_sets.target_unit = targets.target_unit
    inner join parties
        on targets.party_number = parties.party_number
),

{{ weigh_pools('pools', 'among_all') }},

wanted_members as (
    select
        found_sets.unit_key,
        min(found_sets.target_unit) as least_target,
        max(found_sets.target_unit) as greatest_target
    from found_sets
    group by found_sets.unit_key
),

sure_sets as (
    select among_all.target_unit
    from among_all
    inner join wanted_members
        on among_all.unit_key = wanted_members.unit_key
    group by among_all.target_unit
    having
        max(among_all.sets_that_fit) = 1
        and max(case when among_all.may_be_chance then 1 else 0 end) = 0
        and min(wanted_members.least_target) = max(wanted_members.greatest_target)
),

-- what others surely take of the pool of each doubtful target
taken as (
    select
        targets.target_unit,
        count(*) as party_members,
        count(
            case
                when members.event_date between targets.first_day and targets.last_day then 1
            end
        ) as near_members,
        sum(abs(members.amount)) as member_total
    from sure_sets
    inner join found_sets
        on sure_sets.target_unit = found_sets.target_unit
    inner join members
        on found_sets.unit_key = members.unit_key
    inner join targets
        on
            members.party_number = targets.party_number
            and sure_sets.target_unit <> targets.target_unit
    group by targets.target_unit
),

pools_left as (
    select
        among_all.target_unit,
        among_all.unit_key,
        among_all.set_number,
        among_all.member_count,
        among_all.is_run,
        among_all.is_order,
        among_all.granularity,
        among_all.is_searched_whole,
        among_all.settles_account,
        among_all.party_members - taken.party_members as party_members,
        among_all.near_members - taken.near_members as near_members,
        among_all.member_total - taken.member_total as member_total
    from among_all
    inner join taken
        on among_all.target_unit = taken.target_unit
    where among_all.may_be_chance
),

{{ weigh_pools('pools_left', 'among_the_rest') }},

weighed_sets as (
    select
        among_all.reconciliation,
        among_all.party_number,
        among_all.target_unit,
        among_all.target_place,
        among_all.is_payment,
        among_all.unit_key,
        among_all.set_number,
        among_all.sets_that_fit,
        among_all.member_count,
        among_all.may_be_chance and coalesce(among_the_rest.may_be_chance, true)
            as may_be_chance
    from among_all
    left join among_the_rest
        on
            among_all.target_unit = among_the_rest.target_unit
            and among_all.set_number = among_the_rest.set_number
            and among_all.unit_key = among_the_rest.unit_key
)
{%- endmacro %}


{#-
    CTEs `told_` and the name given: the rows of a CTE of sets, each among its pool, and
    `may_be_chance`.
-#}
{% macro weigh_pools(pools, name) %}
-- how many units it takes to tell the set: its own, or those that it leaves out
told_{{ name }} as (
    select
        {{ pools }}.*,
        cast({{ pools }}.party_members as double) as of_members,
        cast({{ pools }}.near_members as double) as of_near_members,
        least({{ pools }}.member_count, {{ pools }}.party_members - {{ pools }}.member_count)
            as units_to_tell,
        case
            when {{ pools }}.settles_account
                then cast({{ search_limit('largest_chance_of_the_whole') }} as double)
            else cast({{ search_limit('largest_chance_of_a_set') }} as double)
        end as largest_chance
    from {{ pools }}
),

{{ name }} as (
    select
        told.*,
        2 * case
            when told.settles_account then 1
            when told.units_to_tell <= 1 or told.is_order then told.of_members
            -- sets of up to two of n members, of up to three, of up to four
            when told.units_to_tell = 2 then told.of_members * (told.of_members + 1) / 2
            when told.units_to_tell = 3
                then told.of_members * (told.of_members * told.of_members + 5) / 6
            when told.units_to_tell = 4
                then
                    told.of_members
                    * (told.of_members + 1)
                    * (told.of_members * told.of_members - 3 * told.of_members + 14) / 24
            -- neighbours by date: the first and the last tell them
            when told.is_run then told.of_near_members * (told.of_near_members + 1) / 2
            -- more than four: every subset of few members, one of the blocks of many
            when told.is_searched_whole then power(2, told.of_near_members - 1)
            else 2 * told.of_members
        end * told.granularity
        > told.member_total * told.largest_chance as may_be_chance
    from told_{{ name }} as told
)
{%- endmacro %}
