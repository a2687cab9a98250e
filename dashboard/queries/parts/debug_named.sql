-- What was found, with the names of customers.
select
    found.kind,
    found.qualifier,
    found.key,
    found.title,
    found.party_id as customer_id,
    dim_customers.legal_name as customer,
    found.happened_on,
    found.currency,
    found.amount,
    found.status
from found
left join marts.dim_customers
    on found.party_id = dim_customers.customer_id
order by found.kind, found.happened_on desc nulls last, found.qualifier, found.key
limit 60
