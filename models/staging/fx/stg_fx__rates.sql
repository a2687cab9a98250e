with

source as (

    select * from {{ source('feeds', 'fx_rates') }}

),

current_versions as (

    {{ current_version('fx_rates') }}

),

final as (

    select
        rate_date,
        base_currency,
        quote_currency,
        source,
        rate,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
