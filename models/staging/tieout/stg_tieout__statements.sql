with

source as (

    select * from {{ source('tieout', 'statements') }}

),

final as (

    select
        batch_id,
        account_id,
        statement_id,
        currency,
        opening_balance,
        entries_total,
        closing_balance,
        control_total_ok,
        from_date,
        to_date
    from source

)

select * from final
