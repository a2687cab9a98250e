-- One row: who a customer is.
select
    dim_customers.customer_id,
    dim_customers.legal_name,
    dim_customers.country,
    dim_customers.tier,
    dim_customers.email,
    dim_customers.parent_customer_id,
    dim_customers.parent_legal_name,
    dim_customers.payment_terms,
    dim_customers.withholding_rate
from marts.dim_customers
where dim_customers.customer_id = $customer
