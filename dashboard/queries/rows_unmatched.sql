-- One row per item that is open past its matching window, the longest first. $age as in
-- on_call_unmatched.sql, $feed that of their file, or '' for all. Which rows these are is found by two columns; the others are
-- read of one page.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

aged as (
    select
        fct_items.rowid as place,
        fct_items.due_for_match_at,
        date_diff('hour', fct_items.due_for_match_at, latest.as_of) / 24.0 as days
    from marts.fct_items
    cross join latest
    where
        fct_items.status in ('open', 'partial', 'in_review')
        and fct_items.due_for_match_at < latest.as_of
        and (
            $feed = ''
            or fct_items.batch_id in (
                select fct_batches.batch_id
                from marts.fct_batches
                where fct_batches.feed = $feed
            )
        )
),

unmatched as (
    select
        aged.place,
        aged.due_for_match_at
    from aged
    where
        case $age
            when '' then true
            when 'day' then aged.days < 1
            when 'week' then aged.days >= 1 and aged.days < 7
            when 'month' then aged.days >= 7 and aged.days < 30
            when 'quarter' then aged.days >= 30 and aged.days < 90
            else aged.days >= 90
        end
),

counted as (
    select count(*) as row_count
    from unmatched
),

page as (
    select unmatched.place
    from unmatched
    order by unmatched.due_for_match_at asc nulls last, unmatched.place asc
    limit $limit offset $offset
)

select
-- include: item_columns
    counted.row_count
from marts.fct_items
inner join page
    on fct_items.rowid = page.place
cross join counted
left join marts.dim_customers
    on fct_items.party_id = dim_customers.customer_id
order by fct_items.due_for_match_at asc nulls last, fct_items.rowid asc
