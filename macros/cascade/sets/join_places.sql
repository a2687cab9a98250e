{#-
    Sets among many members, first of three steps, as CTEs `joined_members` to `place_members`: two
    to four members, or all in the days of the target but up to four. Pairs are joined on what one
    or two others leave, so that n open items cost n squared, not n to the fourth.

    A goal is what so few members have to add up to: the target (`some`), or what the target leaves
    of all that lies in its days (`all_but`, of payments alone, and where more than four are taken).

    Reads `targets` (those that are not searched whole), `parties`, `members`. Yields
    - `joined_members`, one row per member of a party that has such a target;
    - `place_members`, one row per target, set that adds up, and member.
-#}
{% macro join_places(smallest_set) %}
joined_members as (
    select
        members.party_number,
        members.unit_key,
        members.place,
        members.amount,
        members.event_date,
        members.purchase_order_number,
        parties.member_count,
        parties.is_large,
        row_number() over (
            partition by members.party_number, members.amount
            order by members.place nulls last
        ) as copy,
        sum(members.amount) over (
            partition by members.party_number
            order by members.place nulls last
            rows between unbounded preceding and current row
        ) as running_total
    from members
    inner join parties
        on members.party_number = parties.party_number
    where
        parties.party_number in (
            select targets.party_number
            from targets
            where not targets.is_searched_whole
        )
),

singles as (
    select
        joined_members.party_number,
        joined_members.member_count,
        joined_members.place,
        joined_members.amount,
        joined_members.event_date
    from joined_members
    where
        -- more equal amounts can only add sets to what is ambiguous already
        joined_members.copy <= {{ search_limit('equal_amounts_in_sets') }}
        and not joined_members.is_large
),

pairs as (
    select
        firsts.party_number,
        firsts.member_count,
        firsts.place as place_1,
        seconds.place as place_2,
        cast(firsts.amount + seconds.amount as decimal(18, 4)) as amount,
        least(firsts.event_date, seconds.event_date) as first_date,
        greatest(firsts.event_date, seconds.event_date) as last_date
    from singles as firsts
    inner join singles as seconds
        on firsts.party_number = seconds.party_number and firsts.place < seconds.place
),

-- what is open in the days of a payment
windows as (
    select
        targets.target_unit,
        sum(joined_members.amount) as amount,
        count(*) as member_count
    from targets
    inner join joined_members
        on
            targets.party_number = joined_members.party_number
            and joined_members.event_date between targets.first_day and targets.last_day
    where targets.is_payment and not targets.is_searched_whole and not targets.is_large
    group by targets.target_unit
),

goals as (
    select
        targets.party_number,
        targets.target_unit,
        targets.first_day,
        targets.last_day,
        targets.has_credits,
        targets.amount as goal,
        'some' as kind,
        {{ smallest_set }} as fewest_places,
        4 as most_places
    from targets
    where not targets.is_searched_whole
    union all
    select
        targets.party_number,
        targets.target_unit,
        targets.first_day,
        targets.last_day,
        targets.has_credits,
        cast(windows.amount - targets.amount as decimal(18, 4)) as goal,
        'all_but' as kind,
        0 as fewest_places,
        -- a set of four or fewer is found as `some`
        windows.member_count - 5 as most_places
    from targets
    inner join windows
        on targets.target_unit = windows.target_unit
),

-- what is left of a goal once one or two members are taken; without credit memos it stays positive
rests as (
    select
        goals.party_number,
        goals.target_unit,
        goals.kind,
        goals.first_day,
        goals.last_day,
        singles.place as place_1,
        cast(null as bigint) as place_2,
        singles.place as last_place,
        cast(goals.goal - singles.amount as decimal(18, 4)) as rest
    from goals
    inner join singles
        on goals.party_number = singles.party_number
    where
        singles.event_date between goals.first_day and goals.last_day
        and (goals.has_credits or goals.goal > singles.amount)
        and goals.most_places >= 3
    union all
    select
        goals.party_number,
        goals.target_unit,
        goals.kind,
        goals.first_day,
        goals.last_day,
        pairs.place_1,
        pairs.place_2,
        pairs.place_2 as last_place,
        cast(goals.goal - pairs.amount as decimal(18, 4)) as rest
    from goals
    inner join pairs
        on goals.party_number = pairs.party_number
    where
        pairs.first_date >= goals.first_day
        and pairs.last_date <= goals.last_day
        and (goals.has_credits or goals.goal > pairs.amount)
        and pairs.member_count <= {{ search_limit('largest_party_in_sets_of_four') }}
        and goals.most_places >= 4
),

-- the members of a set, or those that it leaves out: none, one, two, three or four
found_places as (
    select
        goals.target_unit,
        goals.kind,
        cast(null as bigint) as place_1,
        cast(null as bigint) as place_2,
        cast(null as bigint) as place_3,
        cast(null as bigint) as place_4
    from goals
    where goals.goal = 0 and 0 between goals.fewest_places and goals.most_places
    union all
    select
        goals.target_unit,
        goals.kind,
        singles.place as place_1,
        cast(null as bigint) as place_2,
        cast(null as bigint) as place_3,
        cast(null as bigint) as place_4
    from goals
    inner join singles
        on goals.party_number = singles.party_number and goals.goal = singles.amount
    where
        singles.event_date between goals.first_day and goals.last_day
        and 1 between goals.fewest_places and goals.most_places
    union all
    select
        goals.target_unit,
        goals.kind,
        pairs.place_1,
        pairs.place_2,
        cast(null as bigint) as place_3,
        cast(null as bigint) as place_4
    from goals
    inner join pairs
        on goals.party_number = pairs.party_number and goals.goal = pairs.amount
    where
        pairs.first_date >= goals.first_day
        and pairs.last_date <= goals.last_day
        and 2 between goals.fewest_places and goals.most_places
    union all
    select
        rests.target_unit,
        rests.kind,
        rests.place_1,
        rests.place_2,
        pairs.place_1 as place_3,
        pairs.place_2 as place_4
    from rests
    inner join pairs
        on rests.party_number = pairs.party_number and rests.rest = pairs.amount
    where
        pairs.place_1 > rests.last_place
        and pairs.first_date >= rests.first_day
        and pairs.last_date <= rests.last_day
),

place_members as (
    select
        found_places.target_unit,
        concat_ws(
            '.', found_places.kind, found_places.place_1, found_places.place_2,
            found_places.place_3, found_places.place_4
        ) as set_name,
        members.unit_key,
        members.event_date
    from found_places
    inner join targets
        on found_places.target_unit = targets.target_unit
    inner join members
        on
            targets.party_number = members.party_number
            and members.event_date between targets.first_day and targets.last_day
            and case
                when
                    members.place in (
                        found_places.place_1, found_places.place_2,
                        found_places.place_3, found_places.place_4
                    )
                    then 'some'
                else 'all_but'
            end = found_places.kind
)
{%- endmacro %}
