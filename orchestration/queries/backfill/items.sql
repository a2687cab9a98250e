-- The days of the items that came, went or stand otherwise than the former publication said, up to
-- its last day. An item that moved to another day counts on both.
with former as (
    select * from before.marts.fct_items
),

present as (
    select * from after.marts.fct_items
),

last_run as (
    select cast(max(runs.as_of) as date) as last_day
    from before.marts.fct_runs as runs
),

compared as (
    select
        former.event_date as former_day,
        present.event_date as present_day,
        case
            when former.item_id is null then 'came'
            when present.item_id is null then 'went'
            else 'changed'
        end as change
    from former
    full join present
        on
            former.reconciliation = present.reconciliation
            and former.side = present.side
            and former.item_type = present.item_type
            and former.item_id = present.item_id
    where
        (
            former.event_date,
            former.currency,
            former.amount,
            former.allocated_amount,
            former.adjusted_amount,
            former.open_amount
        ) is distinct from (
            present.event_date,
            present.currency,
            present.amount,
            present.allocated_amount,
            present.adjusted_amount,
            present.open_amount
        )
),

days as (
    select
        compared.present_day as day,
        compared.change
    from compared
    where compared.present_day is not null
    union all
    select
        compared.former_day as day,
        compared.change
    from compared
    where
        compared.former_day is not null
        and compared.former_day is distinct from compared.present_day
)

select
    days.day,
    count(*) filter (days.change = 'came') as came,
    count(*) filter (days.change = 'changed') as changed,
    count(*) filter (days.change = 'went') as went
from days
cross join last_run
where days.day <= last_run.last_day
group by days.day
order by days.day
