with

source as (

    select * from {{ source('feeds', 'partner_statements') }}

),

current_versions as (

    {{ current_version('partner_statements') }}

),

final as (

    select
        partner_id,
        statement_id,
        line_id,
        direction,
        service,
        period_start,
        period_end,
        quantity,
        amount,
        currency,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
