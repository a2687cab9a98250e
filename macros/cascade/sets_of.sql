{#-
    Sets of open items that add up to one item of the other side, of the same party and currency: the
    body of the int_sets__ models. One row per set and member.

    Looked for: two to four items (pairs joined on what one or two others leave, so a party with n open
    items costs n squared, not n to the fourth); all items in the rule's days but up to four; the
    oldest ones; all of one month; all of one purchase order. Nothing else: a set is only as good as the search that found
    no other, so what was looked at is counted and held against how many amounts are possible.

    target_side: 'actual' finds documents for a payment, 'expected' payments for a document.
-#}
{% macro sets_of(target_side) %}
{%- set payments = target_side == 'actual' -%}
with

open_items as (select * from {{ ref('int_open__after_unique_amount') }}),

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
naming as (select * from {{ ref('int_items__naming_documents') }}),

declined_pairs as (select * from {{ ref('int_declined_pairs') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'sets' and relation = 'exact' and rollout = 'stable'
),

{{ units_of('open_items') }},

candidates as (
    select
        units.reconciliation,
        units.side,
        units.unit_key,
        -- what leaves an account is no credit against what enters it: its own party, sign turned
        case
            when reconciliations.party_kind = 'account' and units.unit_amount < 0
                then units.family_id || ' out'
            else units.family_id
        end as family_id,
        units.currency,
        units.event_date,
        {{ 'purchase_orders.purchase_order_number' if payments
            else 'cast(null as ' ~ dbt.type_string() ~ ') as purchase_order_number' }},
        reconciliations.party_kind = 'account' as is_account,
        cast(
            case
                when reconciliations.party_kind = 'account' then abs(units.unit_amount)
                else units.unit_amount
            end as decimal(18, 4)
        ) as amount,
        rules.days_before,
        rules.days_after
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    inner join {{ ref('reconciliations') }} as reconciliations
        on units.reconciliation = reconciliations.name
    {% if payments -%}
    left join purchase_orders
        on units.unit_key = purchase_orders.unit_key
    {% endif -%}
    left join naming
        on units.unit_key = naming.item_key
    where
        units.family_id is not null
        and naming.item_key is null
        -- what a decimal(18, 4) holds sixty times
        and abs(units.unit_amount) between 0.0001 and 1000000000000
),

-- parties with something on both sides
parties as (
    select
        candidates.reconciliation,
        candidates.family_id,
        candidates.currency,
        cast(
            row_number() over (
                order by
                    candidates.reconciliation nulls last,
                    candidates.family_id nulls last,
                    candidates.currency nulls last
            ) as bigint
        ) as party_number,
        count(case when candidates.side = '{{ target_side }}' then 1 end) as target_count,
        count(case when candidates.side <> '{{ target_side }}' then 1 end) as member_count,
        sum(case when candidates.side <> '{{ target_side }}' then abs(candidates.amount) end)
            as member_total,
        min(case when candidates.side <> '{{ target_side }}' then candidates.amount end) < 0
            as has_credits,
        -- round amounts add up to one another more often
        min(
            case
                when candidates.amount % 1000 = 0 then cast(1000 as decimal(18, 4))
                when candidates.amount % 100 = 0 then 100
                when candidates.amount % 10 = 0 then 10
                when candidates.amount % 1 = 0 then 1
                when candidates.amount % cast(0.1 as decimal(18, 4)) = 0 then 0.1
                when candidates.amount % cast(0.01 as decimal(18, 4)) = 0 then 0.01
                else 0.001
            end
        ) as granularity
    from candidates
    group by candidates.reconciliation, candidates.family_id, candidates.currency
    having
        count(case when candidates.side = '{{ target_side }}' and candidates.amount > 0 then 1 end)
        > 0
        and count(case when candidates.side <> '{{ target_side }}' then 1 end) > 1
        -- on a busy account everything adds up to something
        and (
            max(case when candidates.is_account then 1 else 0 end) = 0
            or count(*) <= {{ var('largest_party_in_sets') }}
        )
),

targets as (
    select
        parties.party_number,
        parties.target_count,
        parties.member_count,
        parties.has_credits,
        candidates.unit_key as target_unit,
        candidates.amount,
        -- the days in which members may lie
        {% if payments -%}
        cast({{ add_days('candidates.event_date', '-candidates.days_after') }} as date) as first_day,
        cast({{ add_days('candidates.event_date', 'candidates.days_before') }} as date) as last_day
        {%- else -%}
        cast({{ add_days('candidates.event_date', '-candidates.days_before') }} as date)
            as first_day,
        cast({{ add_days('candidates.event_date', 'candidates.days_after') }} as date) as last_day
        {%- endif %}
    from candidates
    inner join parties
        on
            candidates.reconciliation = parties.reconciliation
            and candidates.family_id = parties.family_id
            and candidates.currency = parties.currency
    where candidates.side = '{{ target_side }}' and candidates.amount > 0
),

members as (
    select
        parties.party_number,
        parties.member_count,
        parties.target_count,
        candidates.reconciliation,
        candidates.unit_key,
        candidates.amount,
        candidates.event_date,
        candidates.purchase_order_number,
        cast(
            row_number() over (
                partition by parties.party_number
                order by candidates.event_date nulls last, candidates.unit_key nulls last
            ) as bigint
        ) as place,
        -- more than five equal amounts can only add sets to what is ambiguous already
        row_number() over (
            partition by parties.party_number, candidates.amount
            order by candidates.event_date nulls last, candidates.unit_key nulls last
        ) as copy,
        sum(candidates.amount) over (
            partition by parties.party_number
            order by candidates.event_date nulls last, candidates.unit_key nulls last
            rows between unbounded preceding and current row
        ) as running_total
    from candidates
    inner join parties
        on
            candidates.reconciliation = parties.reconciliation
            and candidates.family_id = parties.family_id
            and candidates.currency = parties.currency
    where candidates.side <> '{{ target_side }}'
),

singles as (
    select
        members.party_number,
        members.member_count,
        members.place,
        members.amount,
        members.event_date
    from members
    where
        members.copy <= 5
        and members.member_count <= {{ var('largest_party_in_sets') }}
        and members.target_count <= {{ var('largest_party_in_sets') }}
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
        sum(members.amount) as amount,
        count(*) as member_count
    from targets
    inner join members
        on
            targets.party_number = members.party_number
            and members.event_date between targets.first_day and targets.last_day
    where
        targets.member_count <= {{ var('largest_party_in_sets') }}
        and targets.target_count <= {{ var('largest_party_in_sets') }}
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
        and pairs.member_count <= {{ var('largest_party_in_sets_of_four') }}
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
        members.party_number,
        members.running_total as amount,
        'oldest' as kind,
        cast(members.place as {{ dbt.type_string() }}) as block_name,
        members.place as member_count
    from members
    union all
    select
        members.party_number,
        sum(members.amount) as amount,
        'month' as kind,
        {{ iso_month('members.event_date') }} as block_name,
        count(*) as member_count
    from members
    group by members.party_number, {{ iso_month('members.event_date') }}
    union all
    select
        members.party_number,
        sum(members.amount) as amount,
        'purchase_order' as kind,
        members.purchase_order_number as block_name,
        count(*) as member_count
    from members
    where members.purchase_order_number is not null
    group by members.party_number, members.purchase_order_number
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
        blocks.member_count > 4
        or (
            blocks.member_count > 1
            and (
                targets.member_count > {{ var('largest_party_in_sets') }}
                or targets.target_count > {{ var('largest_party_in_sets') }}
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
        members.reconciliation,
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
        members.reconciliation,
        members.unit_key,
        members.event_date
    from found_blocks
    inner join members
        on
            found_blocks.party_number = members.party_number
            and case found_blocks.kind
                when 'oldest' then members.place <= cast(found_blocks.block_name as bigint)
                when 'month' then {{ iso_month('members.event_date') }} = found_blocks.block_name
                else coalesce(members.purchase_order_number, '') = found_blocks.block_name
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

ranked_sets as (
    select
        distinct_sets.*,
        count(*) over (partition by distinct_sets.target_unit) as sets_that_fit,
        cast(
            row_number() over (
                partition by distinct_sets.target_unit
                order by distinct_sets.member_count nulls last, distinct_sets.signature nulls last
            ) as bigint
        ) as set_number
    from distinct_sets
),

final as (
    select
        set_members.reconciliation,
        ranked_sets.target_unit,
        set_members.unit_key as member_unit,
        ranked_sets.set_number,
        ranked_sets.sets_that_fit,
        ranked_sets.member_count,
        -- 24 times the number of sets that were looked at, against the number of possible sums
        cast(
            case
                when greatest(parties.member_count, parties.target_count)
                    > {{ var('largest_party_in_sets') }}
                    then 72 * parties.member_count
                when parties.member_count > {{ var('largest_party_in_sets_of_four') }}
                    then
                        parties.member_count * (parties.member_count - 1)
                        * (12 + (parties.member_count - 2) * 4)
                else
                    parties.member_count * (parties.member_count - 1)
                    * (12 + (parties.member_count - 2) * (4 + (parties.member_count - 3)))
            end as decimal(18, 4)
        ) * parties.granularity
        > 24 * cast({{ var('largest_chance_of_a_set') }} as decimal(6, 4)) * parties.member_total
            as may_be_chance
    from ranked_sets
    inner join set_members
        on
            ranked_sets.target_unit = set_members.target_unit
            and ranked_sets.set_name = set_members.set_name
    inner join targets
        on ranked_sets.target_unit = targets.target_unit
    inner join parties
        on targets.party_number = parties.party_number
)

select * from final
{% endmacro %}
