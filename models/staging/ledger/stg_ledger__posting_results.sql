with

source as (

    select * from {{ source('feeds', 'posting_results') }}

),

current_versions as (

    {{ current_version('posting_results') }}

),

final as (

    select
        posting_key,
        attempt,
        attempted_at,
        status,
        external_id,
        error,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
