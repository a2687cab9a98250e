{#-
    Every subset of a target's few members, first of three steps, as CTEs `dealt` to `half_sums`:
    what each choice of members adds up to. The members are dealt into two halves of at most ten,
    because two halves have 2 * 2^(n/2) sums, where the whole has 2^n; a choice is told by its bits
    (`mask`).

    Reads `targets` (those that are searched whole) and `members`. Yields
    - `dealt`, one row per target and member: its half and its bit there;
    - `half_sums`, one row per target, half and choice of its members, the empty one too.
-#}
{% macro sum_subsets() %}
numbered_members as (
    select
        targets.target_unit,
        members.unit_key,
        members.amount,
        row_number() over (
            partition by targets.target_unit
            order by members.place nulls last
        ) as place
    from targets
    inner join members
        on
            targets.party_number = members.party_number
            and members.event_date between targets.first_day and targets.last_day
    where targets.is_searched_whole
),

-- dealt by turns; each has a bit of its own in its half
dealt as (
    select
        numbered_members.target_unit,
        numbered_members.unit_key,
        numbered_members.amount,
        numbered_members.place,
        numbered_members.place % 2 as half,
        cast(ceil(numbered_members.place / 2.0) as bigint) as half_place,
        cast(power(2, ceil(numbered_members.place / 2.0) - 1) as bigint) as bit
    from numbered_members
),

-- both, also when one of them is empty
halves as (
    select
        targets.target_unit,
        half_numbers.half,
        {% for place in range(1, 11) -%}
        cast(
            sum(case when dealt.half_place = {{ place }} then dealt.amount else 0 end)
            as decimal(18, 4)
        ) as amount_{{ place }},
        {% endfor -%}
        count(dealt.unit_key) as member_count
    from targets
    cross join (
        select cast(0 as bigint) as half
        union all
        select cast(1 as bigint) as half
    ) as half_numbers
    left join dealt
        on targets.target_unit = dealt.target_unit and half_numbers.half = dealt.half
    where targets.is_searched_whole
    group by targets.target_unit, half_numbers.half
),

switches as (
    select cast(0 as bigint) as is_on
    union all
    select cast(1 as bigint) as is_on
),

choices as (
    select
        {% for place in range(1, 11) -%}
        switches_{{ place }}.is_on as takes_{{ place }},
        {% endfor -%}
        {% for place in range(1, 11) -%}
        {{ 2 ** (place - 1) }} * switches_{{ place }}.is_on{{ ' + ' if not loop.last }}
        {%- endfor %} as mask,
        {% for place in range(1, 11) -%}
        switches_{{ place }}.is_on{{ ' + ' if not loop.last }}
        {%- endfor %} as taken,
        -- in a half of at least so many members
        greatest(
            {% for place in range(1, 11) -%}
            {{ place }} * switches_{{ place }}.is_on{{ ', ' if not loop.last }}
            {%- endfor %}
        ) as last_taken
    from switches as switches_1
    {% for place in range(2, 11) -%}
    cross join switches as switches_{{ place }}
    {% endfor %}
),

half_sums as (
    select
        halves.target_unit,
        halves.half,
        choices.mask,
        choices.taken,
        cast(
            {% for place in range(1, 11) -%}
            case when choices.takes_{{ place }} = 1 then halves.amount_{{ place }} else 0 end
            {{- ' + ' if not loop.last }}
            {% endfor %} as decimal(18, 4)
        ) as amount
    from halves
    inner join choices
        on halves.member_count >= choices.last_taken
)
{%- endmacro %}
