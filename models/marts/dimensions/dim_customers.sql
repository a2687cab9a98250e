with

customers as (select * from {{ ref('stg_crm__customers') }}),

final as (
    select
        customers.customer_id,
        customers.legal_name,
        customers.country,
        customers.tier,
        customers.email,
        customers.parent_customer_id,
        parents.legal_name as parent_legal_name,
        customers.time_zone,
        customers.payment_terms,
        customers.withholding_rate,
        customers.updated_at,
        customers._batch_id as source_batch_id
    from customers
    left join customers as parents
        on customers.parent_customer_id = parents.customer_id
)

select * from final
