with

quarantine as (select * from {{ ref('int_quarantine__resolved') }}),

final as (
    select
        quarantine.batch_id,
        quarantine.feed,
        quarantine.file_name,
        cast(quarantine.line_number as bigint) as line_number,
        quarantine.column_name,
        quarantine.value,
        quarantine.reason,
        quarantine.quarantined_at,
        quarantine.resolved_by_batch_id,
        quarantine.row_key,
        quarantine.is_file
    from quarantine
)

select * from final
