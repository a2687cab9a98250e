-- One row per age of what is open past its matching window, the youngest first; all ages are there.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

ages as (
    select *
    from (
        values
        ('day', 'up to a day', 0, 1), ('week', '2 to 7 days', 1, 7),
        ('month', '8 to 30 days', 7, 30), ('quarter', '31 to 90 days', 30, 90),
        ('older', 'over 90 days', 90, 100000)
    ) as listed (age, title, after_days, until_days)
),

items as (
    select
        date_diff('hour', fct_items.due_for_match_at, latest.as_of) / 24.0 as days,
        fct_items.status = 'in_review' as is_in_review
    from marts.fct_items
    cross join latest
    where
        fct_items.status in ('open', 'partial', 'in_review')
        and fct_items.due_for_match_at < latest.as_of
),

counted as (
    select
        ages.age,
        ages.title,
        ages.after_days,
        count(items.days) as items,
        count(*) filter (items.is_in_review) as in_review
    from ages
    left join items
        on ages.after_days <= items.days and ages.until_days > items.days
    group by ages.age, ages.title, ages.after_days
)

select
    counted.age,
    counted.title,
    counted.items,
    counted.in_review,
    sum(counted.items) over () as all_items,
    sum(counted.items) filter (counted.after_days >= 30) over () as old_items,
    counted.items / nullif(max(counted.items) over (), 0) as share_of_most
from counted
order by counted.after_days
