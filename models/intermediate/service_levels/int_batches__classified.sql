-- Landed files with the question whether they came late: a backfill's newest event is more than a
-- day older than what its feed had brought in earlier runs.
with

batches as (
    select
        stg_tieout__batches.*,
        coalesce(stg_tieout__batches.rows_loaded, 0) > 0 as has_loaded_rows,
        {{ record_feed('stg_tieout__batches.feed') }} as record_feed
    from {{ ref('stg_tieout__batches') }} as stg_tieout__batches
),

feed_runs as (
    select
        batches.has_loaded_rows,
        batches.record_feed,
        batches.run_sequence,
        max(batches.max_event_at) as newest_event_at
    from batches
    where batches.has_loaded_rows
    group by batches.has_loaded_rows, batches.record_feed, batches.run_sequence
),

seen_before as (
    select
        feed_runs.has_loaded_rows,
        feed_runs.record_feed,
        feed_runs.run_sequence,
        max(feed_runs.newest_event_at) over (
            partition by feed_runs.record_feed
            order by feed_runs.run_sequence asc nulls last
            rows between unbounded preceding and 1 preceding
        ) as newest_event_at
    from feed_runs
),

final as (
    select
        batches.*,
        seen_before.newest_event_at as newest_event_before,
        coalesce(
            {{ add_days('batches.max_event_at', 1) }} < seen_before.newest_event_at,
            false
        ) as is_backfill
    from batches
    left join seen_before
        on
            batches.has_loaded_rows = seen_before.has_loaded_rows
            and batches.record_feed = seen_before.record_feed
            and batches.run_sequence = seen_before.run_sequence
)

select * from final
