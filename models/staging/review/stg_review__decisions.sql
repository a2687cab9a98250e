with

source as (

    select * from {{ source('feeds', 'review_decisions') }}

),

current_versions as (

    {{ current_version('review_decisions') }}

),

final as (

    select
        decision_id,
        decided_at,
        actor,
        action,
        match_id,
        exception_id,
        items,
        reason_code,
        comment,
        approved_by,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
