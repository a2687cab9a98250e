with

source as (

    select * from {{ source('tieout', 'batches') }}

),

final as (

    select
        batch_id,
        feed,
        file_name,
        format,
        landed_at,
        ingested_at,
        run_sequence,
        rows_read,
        rows_loaded,
        rows_redelivered,
        rows_quarantined,
        min_event_at,
        max_event_at,
        naive_timestamps,
        double_amounts,
        conflicting_versions,
        control_total,
        control_total_ok,
        is_rejected
    from source

)

select * from final
