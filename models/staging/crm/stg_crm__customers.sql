with

source as (

    select * from {{ source('feeds', 'crm_customers') }}

),

current_versions as (

    {{ current_version('crm_customers') }}

),

final as (

    select
        customer_id,
        legal_name,
        aliases,
        bank_accounts,
        country,
        tier,
        email,
        parent_customer_id,
        time_zone,
        payment_terms,
        withholding_rate,
        updated_at,
        _batch_id,
        _row_number,
        _row_hash,
        _run_sequence
    from current_versions

)

select * from final
