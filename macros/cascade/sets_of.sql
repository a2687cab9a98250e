{#-
    Sets of open items that add up to one item of the other side, of the same party and currency: the
    body of the int_sets__ models. One row per set and member.

    A target with few members in its days (`most_members_searched_whole`): every subset is looked at, so
    that the only one that fits is the only one there is. The members are dealt into two halves of at most
    ten, and what a subset of one half leaves is looked up among the sums of the other: 2 * 2^(n/2)
    sums instead of 2^n.

    One with more: two to four items (pairs joined on what one or two others leave, so that n open items
    cost n squared, not n to the fourth); all items in the rule's days but up to four; the oldest ones;
    all of one month; all of one purchase order.

    How many sets as simple as the one found there are, against how many amounts are possible, says
    whether it may have come about by chance. A set that takes all but two is as simple as one of two.

    target_side: 'actual' finds documents for a payment, 'expected' payments for a document.
    units_model, parties_model: what is looked among; shapes as int_sets__units and int_sets__parties.
    smallest_set: one member is a set (1), or takes no part in sets (2).
-#}
{% macro sets_of(
    target_side, units_model='int_sets__units', parties_model='int_sets__parties', smallest_set=2
) %}
{%- set payments = target_side == 'actual' -%}
{%- set member_side = 'expected' if payments else 'actual' -%}
with

units as (select * from {{ ref(units_model) }}),

-- whose members are looked among, seen from the side of the target
parties as (
    select
        sides.party_number,
        sides.reconciliation,
        sides.days_before,
        sides.days_after,
        sides.granularity,
        sides.{{ target_side }}_count as target_count,
        sides.{{ member_side }}_count as member_count,
        sides.{{ member_side }}_total as member_total,
        sides.{{ member_side }}_has_credits as has_credits
    from {{ ref(parties_model) }} as sides
    where sides.{{ member_side }}_count >= {{ smallest_set }}
),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

-- sets of the kind looked for that people have declined, each as a whole
declined_sets as (
    select
        declined.declined_group,
        {% if payments -%}
        declined.actual_item_key as target_unit,
        declined.expected_item_key as member_unit,
        {%- else -%}
        declined.expected_item_key as target_unit,
        declined.actual_item_key as member_unit,
        {%- endif %}
        declined.group_units - 1 as set_size,
        count(*) over (partition by declined.declined_group) as pair_count
    from {{ ref('int_declined_pairs') }} as declined
    where declined.declined_group is not null
),

members as (
    select
        units.party_number,
        units.place,
        units.unit_key,
        units.event_date,
        units.amount
    from units
    where units.side = '{{ member_side }}'
),

dated_targets as (
    select
        units.party_number,
        units.place as target_place,
        parties.target_count,
        parties.member_count,
        parties.has_credits,
        units.unit_key as target_unit,
        units.amount,
        -- the days in which members may lie
        {% if payments -%}
        cast({{ add_days('units.event_date', '-parties.days_after') }} as date) as first_day,
        cast({{ add_days('units.event_date', 'parties.days_before') }} as date) as last_day
        {%- else -%}
        cast({{ add_days('units.event_date', '-parties.days_before') }} as date) as first_day,
        cast({{ add_days('units.event_date', 'parties.days_after') }} as date) as last_day
        {%- endif %}
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
    where
        dated_targets.member_count <= {{ search_limit('largest_party_in_sets') }}
        and dated_targets.target_count <= {{ search_limit('largest_party_in_sets') }}
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
),

{% if payments -%}
purchase_orders as (
    select
        'invoice_to_receipt|' || invoices.document_type || '|'
        || {{ item_id(['invoices.invoice_id']) }} as unit_key,
        invoices.purchase_order_number
    from {{ ref('stg_billing__invoices') }} as invoices
    where invoices.purchase_order_number is not null
),

{% endif -%}
{{ subsets_by_halves(payments, smallest_set) }},

{{ sets_by_joins(payments, smallest_set) }},

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
        ranked_sets.target_unit,
        set_members.unit_key,
        ranked_sets.set_number,
        ranked_sets.sets_that_fit,
        ranked_sets.member_count,
        false as is_run,
        false as is_order
    from ranked_sets
    inner join set_members
        on
            ranked_sets.target_unit = set_members.target_unit
            and ranked_sets.set_name = set_members.set_name
),

-- how many units it takes to tell the set: its own, or those that it leaves out
told as (
    select
        found_sets.*,
        parties.reconciliation,
        parties.party_number,
        targets.target_place,
        targets.is_searched_whole,
        parties.granularity,
        parties.member_total,
        cast(parties.member_count as double) as party_members,
        cast(targets.near_count as double) as near_members,
        least(found_sets.member_count, parties.member_count - found_sets.member_count)
            as units_to_tell,
        {% if payments -%}
        -- one payment for all that is open, credit memos taken off: an account that is settled
        found_sets.member_count = parties.member_count
        and found_sets.member_count > 2
        and parties.has_credits
        and parties.target_count = 1
        {%- else -%}
        false
        {%- endif %} as settles_account
    from found_sets
    inner join targets
        on found_sets.target_unit = targets.target_unit
    inner join parties
        on targets.party_number = parties.party_number
),

final as (
    select
        told.reconciliation,
        told.target_unit,
        told.unit_key as member_unit,
        -- short, because all that settles the set is joined by it
        '{{ 'd' if payments else 'p' }}' || cast(told.party_number as {{ dbt.type_string() }})
        || '.' || cast(told.target_place as {{ dbt.type_string() }})
        || '.' || cast(told.set_number as {{ dbt.type_string() }}) as group_name,
        told.set_number,
        told.sets_that_fit,
        told.member_count,
        -- the number of sets as simple as this one, against the number of possible sums
        2 * case
            when told.settles_account then 1
            when told.units_to_tell <= 1 or told.is_order then told.party_members
            when told.units_to_tell = 2 then told.party_members * (told.party_members + 1) / 2
            when told.units_to_tell = 3
                then
                    told.party_members
                    * (told.party_members * told.party_members + 5) / 6
            when told.units_to_tell = 4
                then
                    told.party_members
                    * (told.party_members + 1)
                    * (told.party_members * told.party_members - 3 * told.party_members + 14) / 24
            -- neighbours by date: the first and the last tell them
            when told.is_run then told.near_members * (told.near_members + 1) / 2
            -- more than four: every subset of few members, one of the blocks of many
            when told.is_searched_whole then power(2, told.near_members - 1)
            else 2 * told.party_members
        end * told.granularity
        > told.member_total * case
            when told.settles_account
                then cast({{ search_limit('largest_chance_of_the_whole') }} as double)
            else cast({{ search_limit('largest_chance_of_a_set') }} as double)
        end
            as may_be_chance
    from told
)

select * from final
{% endmacro %}


{#-
    CTE `subset_members`: every subset of the few members of a target that adds up to it, one row per
    member. Sets beyond those that are shown come as one more, of all the members that any of them takes.
-#}
{% macro subsets_by_halves(payments, smallest_set) %}
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

-- which members of a half are taken, as bits
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
),

-- members that a person has declined for the target
barred as (
    select
        dealt.target_unit,
        bit_or(case when dealt.half = 1 then dealt.bit else 0 end) as odd_mask,
        bit_or(case when dealt.half = 0 then dealt.bit else 0 end) as even_mask
    from dealt
    inner join declined_pairs
        on
            {% if payments -%}
            dealt.target_unit = declined_pairs.actual_item_key
            and dealt.unit_key = declined_pairs.expected_item_key
            {%- else -%}
            dealt.target_unit = declined_pairs.expected_item_key
            and dealt.unit_key = declined_pairs.actual_item_key
            {%- endif %}
    group by dealt.target_unit
),

-- one target with members that are all open still
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

-- what a choice among the odd members leaves to the even ones
half_rests as (
    select
        targets.target_unit,
        half_sums.mask,
        half_sums.taken,
        coalesce(barred.even_mask, 0) as barred_mask,
        cast(targets.amount - half_sums.amount as decimal(18, 4)) as rest
    from targets
    inner join half_sums
        on targets.target_unit = half_sums.target_unit
    left join barred
        on targets.target_unit = barred.target_unit
    where half_sums.half = 1 and (half_sums.mask & coalesce(barred.odd_mask, 0)) = 0
),

even_sums as (
    select * from half_sums
    where half = 0
),

subsets as (
    select
        half_rests.target_unit,
        half_rests.mask as odd_mask,
        even_sums.mask as even_mask,
        half_rests.taken + even_sums.taken as member_count
    from half_rests
    inner join even_sums
        on
            half_rests.target_unit = even_sums.target_unit
            and half_rests.rest = even_sums.amount
    where
        (even_sums.mask & half_rests.barred_mask) = 0
        and half_rests.taken + even_sums.taken >= {{ smallest_set }}
),

{% if payments -%}
-- all members of one purchase order
order_masks as (
    select
        ordered.target_unit,
        bit_or(case when ordered.half = 1 then ordered.bit else 0 end) as odd_mask,
        bit_or(case when ordered.half = 0 then ordered.bit else 0 end) as even_mask
    from (
        select
            dealt.*,
            purchase_orders.purchase_order_number
        from dealt
        inner join purchase_orders
            on dealt.unit_key = purchase_orders.unit_key
    ) as ordered
    group by ordered.target_unit, ordered.purchase_order_number
    having count(*) > 1
),

{% endif -%}
-- a declined one fits too: what is left of two is no more certain than it was
counted_subsets as (
    select
        subsets.*,
        declined_masks.target_unit is not null as is_declined,
        {{ 'order_masks.target_unit is not null' if payments else 'false' }} as is_order,
        count(*) over (partition by subsets.target_unit) as fits,
        {{ 'count(order_masks.target_unit) over (partition by subsets.target_unit)'
            if payments else '0' }} as orders
    from subsets
    left join declined_masks
        on
            subsets.target_unit = declined_masks.target_unit
            and subsets.odd_mask = declined_masks.odd_mask
            and subsets.even_mask = declined_masks.even_mask
    {% if payments -%}
    left join order_masks
        on
            subsets.target_unit = order_masks.target_unit
            and subsets.odd_mask = order_masks.odd_mask
            and subsets.even_mask = order_masks.even_mask
    {%- endif %}
),

-- one whole purchase order goes before sets that are nothing else
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
        subsets.*,
        row_number() over (
            partition by subsets.target_unit
            order by
                subsets.member_count nulls last,
                subsets.odd_mask nulls last,
                subsets.even_mask nulls last
        ) as fit_number
    from preferred_subsets as subsets
    where not subsets.is_declined
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


{#-
    CTEs `ranked_sets` and `set_members`: what joins find in a large party.
-#}
{% macro sets_by_joins(payments, smallest_set) %}
large_parties as (
    select
        members.party_number,
        members.unit_key,
        parties.member_count,
        parties.target_count,
        members.place,
        members.amount,
        members.event_date,
        {% if payments -%}
        purchase_orders.purchase_order_number,
        {% endif -%}
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
    {% if payments -%}
    left join purchase_orders
        on members.unit_key = purchase_orders.unit_key
    {% endif -%}
    where
        parties.party_number in (
            select targets.party_number
            from targets
            where not targets.is_searched_whole
        )
),

singles as (
    select
        large_parties.party_number,
        large_parties.member_count,
        large_parties.place,
        large_parties.amount,
        large_parties.event_date
    from large_parties
    where
        -- more equal amounts can only add sets to what is ambiguous already
        large_parties.copy <= {{ search_limit('equal_amounts_in_sets') }}
        and large_parties.member_count <= {{ search_limit('largest_party_in_sets') }}
        and large_parties.target_count <= {{ search_limit('largest_party_in_sets') }}
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

{% if payments -%}
-- what is open in the days of a payment, and how much of it the payment leaves out
windows as (
    select
        targets.target_unit,
        sum(large_parties.amount) as amount,
        count(*) as member_count
    from targets
    inner join large_parties
        on
            targets.party_number = large_parties.party_number
            and large_parties.event_date between targets.first_day and targets.last_day
    where
        not targets.is_searched_whole
        and targets.member_count <= {{ search_limit('largest_party_in_sets') }}
        and targets.target_count <= {{ search_limit('largest_party_in_sets') }}
    group by targets.target_unit
),

{% endif -%}
goals as (
    select
        targets.party_number,
        targets.target_unit,
        targets.first_day,
        targets.last_day,
        targets.has_credits,
        targets.amount as goal,
        'some' as kind,
        cast(null as bigint) as window_members
    from targets
    where not targets.is_searched_whole
    {% if payments -%}
    union all
    select
        targets.party_number,
        targets.target_unit,
        targets.first_day,
        targets.last_day,
        targets.has_credits,
        cast(windows.amount - targets.amount as decimal(18, 4)) as goal,
        'all_but' as kind,
        windows.member_count as window_members
    from targets
    inner join windows
        on targets.target_unit = windows.target_unit
    where windows.member_count > 4
    {%- endif %}
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
        and coalesce(goals.window_members, 8) > 7
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
        and coalesce(goals.window_members, 9) > 8
),

-- places of the members, or of those left out
found_places as (
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
        and coalesce(goals.window_members, 7) > 6
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
    {%- if smallest_set == 1 %}
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
        goals.kind = 'some'
        and singles.event_date between goals.first_day and goals.last_day
    {%- endif %}
    {%- if payments %}
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
        goals.kind = 'all_but'
        and singles.event_date between goals.first_day and goals.last_day
        and goals.window_members > 5
    union all
    select
        goals.target_unit,
        goals.kind,
        cast(null as bigint) as place_1,
        cast(null as bigint) as place_2,
        cast(null as bigint) as place_3,
        cast(null as bigint) as place_4
    from goals
    where goals.kind = 'all_but' and goals.goal = 0
    {%- endif %}
),

{% if payments -%}
-- ranges of places that one sum reaches: the oldest ones, a month, a purchase order
blocks as (
    select
        large_parties.party_number,
        large_parties.running_total as amount,
        'oldest' as kind,
        cast(large_parties.place as {{ dbt.type_string() }}) as block_name,
        large_parties.place as member_count
    from large_parties
    union all
    select
        large_parties.party_number,
        sum(large_parties.amount) as amount,
        'month' as kind,
        {{ iso_month('large_parties.event_date') }} as block_name,
        count(*) as member_count
    from large_parties
    group by large_parties.party_number, {{ iso_month('large_parties.event_date') }}
    union all
    select
        large_parties.party_number,
        sum(large_parties.amount) as amount,
        'purchase_order' as kind,
        large_parties.purchase_order_number as block_name,
        count(*) as member_count
    from large_parties
    where large_parties.purchase_order_number is not null
    group by large_parties.party_number, large_parties.purchase_order_number
),

found_blocks as (
    select
        targets.target_unit,
        targets.party_number,
        targets.first_day,
        targets.last_day,
        blocks.kind,
        blocks.block_name
    from targets
    inner join blocks
        on targets.party_number = blocks.party_number and targets.amount = blocks.amount
    -- smaller ones are found above, where the party is not too large
    where
        not targets.is_searched_whole
        and (
            blocks.member_count > 4
            or (
                blocks.member_count > 1
                and (
                    targets.member_count > {{ search_limit('largest_party_in_sets') }}
                    or targets.target_count > {{ search_limit('largest_party_in_sets') }}
                )
            )
        )
),

{% endif -%}
set_members as (
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
    {%- if payments %}
    union all
    select
        found_blocks.target_unit,
        found_blocks.kind || '.' || found_blocks.block_name as set_name,
        large_parties.unit_key,
        large_parties.event_date
    from found_blocks
    inner join large_parties
        on
            found_blocks.party_number = large_parties.party_number
            and case found_blocks.kind
                when 'oldest' then large_parties.place <= cast(found_blocks.block_name as bigint)
                when 'month' then {{ iso_month('large_parties.event_date') }} = found_blocks.block_name
                else coalesce(large_parties.purchase_order_number, '') = found_blocks.block_name
            end
    {%- endif %}
),

-- the same set can be found in several ways
signed_sets as (
    select
        set_members.target_unit,
        set_members.set_name,
        count(*) as member_count,
        min(set_members.event_date) as first_date,
        max(set_members.event_date) as last_date,
        {{ sorted_text_agg('set_members.unit_key', ' ') }} as signature,
        max(case when declined_pairs.actual_item_key is not null then 1 else 0 end) as is_declined
    from set_members
    left join declined_pairs
        on
            {% if payments -%}
            set_members.target_unit = declined_pairs.actual_item_key
            and set_members.unit_key = declined_pairs.expected_item_key
            {%- else -%}
            set_members.target_unit = declined_pairs.expected_item_key
            and set_members.unit_key = declined_pairs.actual_item_key
            {%- endif %}
    group by set_members.target_unit, set_members.set_name
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
        signed_sets.is_declined = 0
        and signed_sets.first_date >= targets.first_day
        and signed_sets.last_date <= targets.last_day
    group by signed_sets.target_unit, signed_sets.signature
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
        distinct_sets.*,
        cast(
            row_number() over (
                partition by distinct_sets.target_unit
                order by distinct_sets.member_count nulls last, distinct_sets.signature nulls last
            ) as bigint
        ) as set_number
    from counted_sets as distinct_sets
    where not distinct_sets.is_declined
)
{%- endmacro %}
