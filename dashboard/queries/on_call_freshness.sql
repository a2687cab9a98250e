-- One row per feed: when it last landed, how often it usually does, what waits from it, and whether
-- it is later than usual. A feed lands on a day, in however many files; how often is the median of
-- the days between, from three on.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

landings as (
    select
        fct_batches.feed,
        cast(fct_batches.landed_at as date) as landed_on,
        sum(fct_batches.rows_read) as rows_read
    from marts.fct_batches
    group by fct_batches.feed, cast(fct_batches.landed_at as date)
),

gaps as (
    select
        landings.*,
        date_diff(
            'day',
            lag(landings.landed_on) over (partition by landings.feed order by landings.landed_on),
            landings.landed_on
        ) as days_since_before
    from landings
),

usual as (
    select
        gaps.feed,
        case
            when count(gaps.days_since_before) >= 3 then median(gaps.days_since_before) * 24
        end as usual_hours,
        cast(median(gaps.rows_read) as bigint) as usual_rows,
        max_by(gaps.rows_read, gaps.landed_on) as last_rows
    from gaps
    group by gaps.feed
),

feeds as (
    select
        fct_batches.feed,
        count(*) as batches,
        max(fct_batches.landed_at) as landed_at,
        max(fct_batches.max_event_at) as newest_event_at,
        sum(fct_batches.rows_read) as rows_read,
        sum(fct_batches.rows_loaded) as rows_loaded,
        sum(fct_batches.rows_redelivered) as rows_redelivered,
        sum(fct_batches.rows_quarantined) as rows_quarantined,
        count(*) filter (fct_batches.is_backfill) as backfills,
        count(*) filter (fct_batches.control_total_ok = false) as control_totals_broken
    from marts.fct_batches
    group by fct_batches.feed
),

-- by file first: many items, few files
waiting_files as (
    select
        fct_items.batch_id,
        count(*) as items
    from marts.fct_items
    cross join latest
    where
        fct_items.status in ('open', 'partial', 'in_review')
        and fct_items.due_for_match_at < latest.as_of
    group by fct_items.batch_id
),

files as (
    select distinct
        fct_batches.batch_id,
        fct_batches.feed
    from marts.fct_batches
),

waiting as (
    select
        files.feed,
        sum(waiting_files.items) as items
    from waiting_files
    inner join files on waiting_files.batch_id = files.batch_id
    group by files.feed
),

silent as (
    select distinct fct_alerts.subject as feed
    from marts.fct_alerts
    where fct_alerts.alert_name = 'feed_silent' and fct_alerts.state <> 'resolved'
),

placed as (
    select
        feeds.*,
        usual.usual_hours,
        usual.usual_rows,
        usual.last_rows,
        coalesce(waiting.items, 0) as waiting_items,
        date_diff('hour', feeds.landed_at, latest.as_of) as hours_since_landed,
        silent.feed is not null as is_silent
    from feeds
    cross join latest
    left join usual on feeds.feed = usual.feed
    left join waiting on feeds.feed = waiting.feed
    left join silent on feeds.feed = silent.feed
)

select
    placed.*,
    case
        when placed.is_silent then 'silent'
        when placed.usual_hours is null then 'unknown'
        when placed.hours_since_landed > 1.5 * placed.usual_hours then 'late'
        else 'in_time'
    end as standing
from placed
order by
    case standing when 'silent' then 0 when 'late' then 1 when 'in_time' then 2 else 3 end,
    placed.control_totals_broken desc,
    placed.waiting_items desc,
    placed.feed
