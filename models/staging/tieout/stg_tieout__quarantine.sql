with

source as (

    select * from {{ source('tieout', 'quarantine') }}

),

final as (

    select
        batch_id,
        feed,
        file_name,
        line_number,
        column_name,
        value,
        reason,
        quarantined_at,
        run_sequence,
        row_key,
        is_file
    from source

)

select * from final
