with

batches as (select * from {{ ref('int_batches__classified') }}),

final as (
    select
        batches.batch_id,
        batches.feed,
        batches.file_name,
        batches.format,
        batches.landed_at,
        batches.ingested_at,
        cast(batches.rows_read as bigint) as rows_read,
        cast(batches.rows_loaded as bigint) as rows_loaded,
        cast(batches.rows_redelivered as bigint) as rows_redelivered,
        cast(batches.rows_quarantined as bigint) as rows_quarantined,
        batches.min_event_at,
        batches.max_event_at,
        batches.is_backfill,
        {{ as_amount('batches.control_total') }} as control_total,
        batches.control_total_ok,
        coalesce(batches.is_rejected, false) as is_rejected,
        cast(batches.run_sequence as bigint) as run_sequence,
        cast(batches.naive_timestamps as bigint) as naive_timestamps,
        cast(batches.double_amounts as bigint) as double_amounts,
        cast(batches.conflicting_versions as bigint) as conflicting_versions
    from batches
)

select * from final
