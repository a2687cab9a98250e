-- Rejected rows and files with the batch that made good for them. A row: a valid row with its key
-- that loaded in the same run or later. A file: one of the same name and feed that loaded so.
with

quarantine as (select * from {{ ref('stg_tieout__quarantine') }}),

batches as (select * from {{ ref('stg_tieout__batches') }}),

landed_records as (select * from {{ ref('stg_tieout__landed_records') }}),

rejected_keys as (
    select distinct
        {{ record_feed('quarantine.feed') }} as feed,
        quarantine.row_key
    from quarantine
    where not quarantine.is_file and quarantine.row_key is not null
),

loaded_records as (
    select
        rejected_keys.feed,
        rejected_keys.row_key,
        false as is_file,
        landed_records.run_sequence,
        landed_records.batch_id
    from rejected_keys
    inner join landed_records
        on
            rejected_keys.feed = landed_records.feed
            and rejected_keys.row_key = landed_records.record_key
),

loaded_files as (
    select
        batches.feed,
        batches.file_name,
        true as is_file,
        batches.run_sequence,
        batches.batch_id
    from batches
    where not coalesce(batches.is_rejected, false)
),

final as (
    select
        quarantine.batch_id,
        quarantine.feed,
        quarantine.file_name,
        quarantine.line_number,
        quarantine.column_name,
        quarantine.value,
        quarantine.reason,
        quarantine.quarantined_at,
        quarantine.run_sequence,
        quarantine.row_key,
        quarantine.is_file,
        min_by(
            coalesce(loaded_records.batch_id, loaded_files.batch_id),
            lpad(
                cast(
                    coalesce(loaded_records.run_sequence, loaded_files.run_sequence)
                    as {{ dbt.type_string() }}
                ),
                12,
                '0'
            )
            || coalesce(loaded_records.batch_id, loaded_files.batch_id)
        ) as resolved_by_batch_id
    from quarantine
    left join loaded_records
        on
            quarantine.is_file = loaded_records.is_file
            and {{ record_feed('quarantine.feed') }} = loaded_records.feed
            and quarantine.row_key = loaded_records.row_key
            and quarantine.run_sequence <= loaded_records.run_sequence
    left join loaded_files
        on
            quarantine.is_file = loaded_files.is_file
            and quarantine.feed = loaded_files.feed
            and quarantine.file_name = loaded_files.file_name
            and quarantine.run_sequence <= loaded_files.run_sequence
    group by
        quarantine.batch_id,
        quarantine.feed,
        quarantine.file_name,
        quarantine.line_number,
        quarantine.column_name,
        quarantine.value,
        quarantine.reason,
        quarantine.quarantined_at,
        quarantine.run_sequence,
        quarantine.row_key,
        quarantine.is_file
)

select * from final
