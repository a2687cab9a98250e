-- A manual payout names none of its transactions: it took what the gateway's balance held,
-- in the order in which money became available. Where payouts and transactions, both added up in
-- their order, meet at one moment alone, what lies between that moment and the meeting before it
-- belongs together.
with

open_items as (select * from {{ ref('int_open__after_keys') }}),

items as (
    select *
    from {{ ref('int_items__open') }}
    where reconciliation = 'gateway_to_payout'
),

declined as (select * from {{ ref('int_declined_pairs') }}),

-- payouts that the gateway's report ties to their transactions are no concern of this pass
named_payouts as (
    select distinct members.group_key
    from {{ ref('int_items') }} as members
    where
        members.reconciliation = 'gateway_to_payout'
        and members.side = 'expected'
        and members.group_key is not null
),

payouts as (
    select
        open_items.item_key as unit_key,
        items.party_id,
        items.currency,
        items.event_at,
        items.event_date,
        cast(
            row_number() over (
                partition by items.party_id, items.currency
                order by items.event_at nulls last, open_items.item_key nulls last
            ) as bigint
        ) as payout_number,
        cast(
            sum(open_items.remaining_amount) over (
                partition by items.party_id, items.currency
                order by items.event_at nulls last, open_items.item_key nulls last
                rows between unbounded preceding and current row
            ) as {{ amount_type() }}
        ) as paid_out
    from open_items
    inner join items
        on open_items.item_key = items.item_key
    left join named_payouts
        on items.group_key = named_payouts.group_key
    where items.side = 'actual' and named_payouts.group_key is null
),

transactions as (
    select
        open_items.item_key as unit_key,
        items.party_id,
        items.currency,
        items.event_at,
        items.due_date,
        cast(open_items.remaining_amount as {{ amount_type() }}) as amount,
        cast(
            dense_rank() over (
                partition by items.party_id, items.currency
                order by items.due_date nulls last, items.event_at nulls last
            ) as bigint
        ) as step_number
    from open_items
    inner join items
        on open_items.item_key = items.item_key
    where items.side = 'expected' and items.group_key is null
),

-- what became available at one moment is one step: its order would be a guess
steps as (
    select
        transactions.party_id,
        transactions.currency,
        transactions.step_number,
        transactions.due_date,
        transactions.event_at,
        sum(transactions.amount) as amount
    from transactions
    group by
        transactions.party_id,
        transactions.currency,
        transactions.step_number,
        transactions.due_date,
        transactions.event_at
),

balances as (
    select
        steps.*,
        cast(
            sum(steps.amount) over (
                partition by steps.party_id, steps.currency
                order by steps.step_number nulls last
                rows between unbounded preceding and current row
            ) as {{ amount_type() }}
        ) as balance
    from steps
),

meetings as (
    select
        payouts.unit_key,
        payouts.party_id,
        payouts.currency,
        payouts.payout_number,
        balances.step_number,
        count(*) over (partition by payouts.unit_key) as meeting_count,
        cast(
            row_number() over (
                partition by payouts.unit_key
                order by balances.step_number nulls last
            ) as bigint
        ) as meeting_number
    from payouts
    inner join balances
        on
            payouts.party_id = balances.party_id
            and payouts.currency = balances.currency
            and payouts.paid_out = balances.balance
            and payouts.event_date >= balances.due_date
            and payouts.event_at >= balances.event_at
    where balances.amount <> 0
),

-- a later payout that meets an earlier balance contradicts the one before it: neither counts
ordered_meetings as (
    select
        meetings.*,
        max(meetings.step_number) over (
            partition by meetings.party_id, meetings.currency
            order by meetings.payout_number nulls last
            rows between unbounded preceding and 1 preceding
        ) as greatest_before,
        min(meetings.step_number) over (
            partition by meetings.party_id, meetings.currency
            order by meetings.payout_number nulls last
            rows between 1 following and unbounded following
        ) as least_after
    from meetings
    where meetings.meeting_count = 1
),

certain as (
    select
        ordered_meetings.party_id,
        ordered_meetings.currency,
        ordered_meetings.payout_number,
        ordered_meetings.step_number
    from ordered_meetings
    where
        ordered_meetings.step_number > coalesce(ordered_meetings.greatest_before, 0)
        and ordered_meetings.step_number
        < coalesce(ordered_meetings.least_after, ordered_meetings.step_number + 1)
),

-- each meeting reaches back to the last certain one before its payout
reaches as (
    select
        meetings.unit_key,
        meetings.party_id,
        meetings.currency,
        meetings.payout_number,
        meetings.step_number,
        meetings.meeting_count,
        meetings.meeting_number,
        coalesce(max(certain.payout_number), 0) as last_payout_number,
        coalesce(max(certain.step_number), 0) as last_step_number
    from meetings
    left join certain
        on
            meetings.party_id = certain.party_id
            and meetings.currency = certain.currency
            and meetings.payout_number > certain.payout_number
    group by
        meetings.unit_key,
        meetings.party_id,
        meetings.currency,
        meetings.payout_number,
        meetings.step_number,
        meetings.meeting_count,
        meetings.meeting_number
),

candidates as (
    select
        reaches.*,
        certain.payout_number is not null as is_certain,
        reaches.unit_key || '~balance'
        || cast(reaches.meeting_number as {{ dbt.type_string() }}) as group_name,
        case
            when reaches.meeting_count > 1
                then
                    'balance ' || cast(reaches.meeting_number as {{ dbt.type_string() }}) || ' of '
                    || cast(reaches.meeting_count as {{ dbt.type_string() }}) || ' that fit'
            else 'the only balance that fits'
        end as evidence,
        case
            when reaches.meeting_count > 1 then 'several_fit'
            when reaches.payout_number - reaches.last_payout_number > 1 then 'payouts_together'
            when certain.payout_number is null then 'several_fit'
        end as link_ambiguity
    from reaches
    left join certain
        on
            reaches.party_id = certain.party_id
            and reaches.currency = certain.currency
            and reaches.payout_number = certain.payout_number
    where
        reaches.step_number > reaches.last_step_number
        and reaches.meeting_number <= {{ search_limit('sets_shown') }}
),

-- which certain meeting a step leads up to
leading_steps as (
    select
        balances.party_id,
        balances.currency,
        balances.step_number,
        min(certain.step_number) over (
            partition by balances.party_id, balances.currency
            order by balances.step_number desc nulls last
            rows between unbounded preceding and current row
        ) as met_step_number
    from balances
    left join certain
        on
            balances.party_id = certain.party_id
            and balances.currency = certain.currency
            and balances.step_number = certain.step_number
),

-- every transaction with the payout that met the balance, and one of them with the other payouts
links as (
    select
        candidates.group_name,
        transactions.unit_key as expected_unit,
        candidates.unit_key as actual_unit
    from candidates
    inner join leading_steps
        on
            candidates.party_id = leading_steps.party_id
            and candidates.currency = leading_steps.currency
            and candidates.step_number = leading_steps.met_step_number
    inner join transactions
        on
            leading_steps.party_id = transactions.party_id
            and leading_steps.currency = transactions.currency
            and leading_steps.step_number = transactions.step_number
    where candidates.is_certain
    union all
    select
        candidates.group_name,
        transactions.unit_key as expected_unit,
        candidates.unit_key as actual_unit
    from candidates
    inner join transactions
        on
            candidates.party_id = transactions.party_id
            and candidates.currency = transactions.currency
    where
        not candidates.is_certain
        and transactions.step_number > candidates.last_step_number
        and transactions.step_number <= candidates.step_number
    union all
    select
        candidates.group_name,
        min(transactions.unit_key) as expected_unit,
        payouts.unit_key as actual_unit
    from candidates
    inner join payouts
        on
            candidates.party_id = payouts.party_id
            and candidates.currency = payouts.currency
    inner join transactions
        on
            candidates.party_id = transactions.party_id
            and candidates.currency = transactions.currency
            and candidates.step_number = transactions.step_number
    where
        payouts.payout_number > candidates.last_payout_number
        and payouts.payout_number < candidates.payout_number
    group by candidates.group_name, payouts.unit_key
),

{{ declined_among('links') }},

-- what people took apart is not proposed again
declined_groups as (
    select distinct links.group_name
    from links
    inner join declined_pairs
        on
            links.expected_unit = declined_pairs.expected_item_key
            and links.actual_unit = declined_pairs.actual_item_key
),

final as (
    select
        'gateway_to_payout' as reconciliation,
        links.expected_unit,
        links.actual_unit,
        candidates.evidence,
        coalesce(candidates.link_ambiguity = 'several_fit', false) as is_ambiguous,
        candidates.link_ambiguity,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        links.group_name
    from links
    inner join candidates
        on links.group_name = candidates.group_name
    left join declined_groups
        on links.group_name = declined_groups.group_name
    where declined_groups.group_name is null
)

select * from final
