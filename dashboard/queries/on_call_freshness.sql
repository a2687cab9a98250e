-- One row per feed: when it last landed and how old its newest fact is at the publication's as of.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
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
)

select
    feeds.*,
    date_diff('hour', feeds.landed_at, latest.as_of) as hours_since_landed
from feeds
cross join latest
order by hours_since_landed desc nulls last, feeds.feed
