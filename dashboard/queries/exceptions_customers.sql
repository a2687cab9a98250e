-- One row per customer with cases, those with most unresolved ones first; the first 500.
select
    fct_exceptions.customer_id,
    any_value(dim_customers.legal_name) as legal_name,
    count(*) filter (fct_exceptions.status <> 'resolved') as unresolved
from marts.fct_exceptions
left join marts.dim_customers
    on fct_exceptions.customer_id = dim_customers.customer_id
where fct_exceptions.is_case_lead and fct_exceptions.customer_id is not null
group by fct_exceptions.customer_id
order by unresolved desc, fct_exceptions.customer_id
limit 500
