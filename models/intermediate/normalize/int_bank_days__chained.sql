{#- A chain of at most 2 ** 5 statements of one day is followed; longer ones prove nothing. -#}
{%- set doublings = 5 -%}
-- What the balances prove of days that several statements book. With what a statement opens and
-- what it books, each day has a balance before and after it: a window. One window that opens with
-- what another closes with follows it (a chain, their entries add up); chains that open or close
-- the day with the same balance tell of the same movements (a cluster, the greater of their counts
-- holds). What comes back to its own beginning proves nothing, for the next could follow it or
-- repeat it: a chain in a circle, and entries of a day that come to zero, but where the statement
-- goes on on both sides of the day and so has it whole.
with

lines as (select * from {{ ref('int_bank_lines__delivered') }}),

days as (
    select distinct
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.delivery_number,
        lines.day_opens_with as opens_with,
        lines.day_closes_with as closes_with
    from lines
    where lines.day_closes_with is not null
),

windows as (
    select
        days.account_id,
        days.currency,
        days.booking_date,
        days.opens_with,
        days.closes_with,
        row_number() over (
            order by
                days.account_id asc nulls last,
                days.currency asc nulls last,
                days.booking_date asc nulls last,
                days.opens_with asc nulls last,
                days.closes_with asc nulls last
        ) as window_number
    from days
    group by
        days.account_id,
        days.currency,
        days.booking_date,
        days.opens_with,
        days.closes_with
),

-- of several that could follow or be followed, one is: each keeps one neighbour on each side
followed as (
    select
        later.window_number,
        earlier.window_number as before_number,
        row_number() over (
            partition by later.window_number
            order by earlier.window_number nulls last
        ) as before_rank,
        row_number() over (
            partition by earlier.window_number
            order by later.window_number nulls last
        ) as after_rank
    from windows as later
    inner join windows as earlier
        on
            later.account_id = earlier.account_id
            and later.currency = earlier.currency
            and later.booking_date = earlier.booking_date
            and later.opens_with = earlier.closes_with
    where
        later.opens_with <> later.closes_with
        and earlier.opens_with <> earlier.closes_with
),

steps_0 as (
    select
        windows.window_number,
        coalesce(followed.before_number, windows.window_number) as root_number
    from windows
    left join followed
        on
            windows.window_number = followed.window_number
            and followed.before_rank = 1
            and followed.after_rank = 1
),
{% for step in range(1, doublings + 1) %}
steps_{{ step }} as (
    select
        steps.window_number,
        further.root_number
    from steps_{{ step - 1 }} as steps
    inner join steps_{{ step - 1 }} as further
        on steps.root_number = further.window_number
),
{% endfor %}
-- a window that nothing follows closes its chain; a circle has no beginning
chains as (
    select
        windows.account_id,
        windows.currency,
        windows.booking_date,
        windows.window_number,
        windows.opens_with,
        windows.closes_with,
        steps.root_number as chain_number,
        root_steps.root_number <> steps.root_number as is_circular,
        roots.opens_with as chain_opens_with,
        max(case when later_steps.window_number is null then windows.closes_with end) over (
            partition by steps.root_number
        ) as chain_closes_with
    from windows
    inner join steps_{{ doublings }} as steps
        on windows.window_number = steps.window_number
    inner join windows as roots
        on steps.root_number = roots.window_number
    inner join steps_0 as root_steps
        on steps.root_number = root_steps.window_number
    left join steps_0 as later_steps
        on
            windows.window_number = later_steps.root_number
            and windows.window_number <> later_steps.window_number
),

straight_chains as (
    select *
    from chains
    where not chains.is_circular
),

same_close as (
    select
        straight_chains.*,
        min(straight_chains.chain_opens_with) over (
            partition by
                straight_chains.account_id,
                straight_chains.currency,
                straight_chains.booking_date,
                straight_chains.chain_closes_with
        ) as least_opening
    from straight_chains
),

clusters as (
    select
        same_close.*,
        min(same_close.least_opening) over (
            partition by
                same_close.account_id,
                same_close.currency,
                same_close.booking_date,
                same_close.chain_opens_with
        ) as cluster_opens_with
    from same_close
),

final as (
    select
        days.account_id,
        days.currency,
        days.booking_date,
        days.delivery_number,
        days.opens_with,
        days.closes_with,
        clusters.window_number,
        clusters.chain_number,
        clusters.cluster_opens_with
    from days
    inner join clusters
        on
            days.account_id = clusters.account_id
            and days.currency = clusters.currency
            and days.booking_date = clusters.booking_date
            and days.opens_with = clusters.opens_with
            and days.closes_with = clusters.closes_with
)

select * from final
