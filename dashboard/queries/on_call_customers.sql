-- One row per customer: the ten with most money at risk in open cases, in the reporting currency.
with executive as (
    select max(agg_executive_daily.currency) as currency
    from marts.agg_executive_daily
),

customers as (
    select
        fct_exceptions.customer_id,
        sum(fct_exceptions.revenue_at_risk) as at_risk,
        count(*) as cases,
        max(fct_exceptions.age_hours) as oldest_hours,
        mode(fct_exceptions.root_cause) as usual_cause
    from marts.fct_exceptions
    where
        fct_exceptions.is_case_lead
        and fct_exceptions.status <> 'resolved'
        and fct_exceptions.revenue_at_risk > 0
    group by fct_exceptions.customer_id
)

select
    customers.customer_id,
    dim_customers.legal_name,
    dim_customers.tier,
    executive.currency,
    customers.at_risk,
    customers.cases,
    customers.oldest_hours,
    customers.usual_cause,
    sum(customers.at_risk) over () as all_at_risk,
    count(*) over () as all_customers,
    customers.at_risk / nullif(max(customers.at_risk) over (), 0) as share_of_most
from customers
cross join executive
left join marts.dim_customers on customers.customer_id = dim_customers.customer_id
order by customers.at_risk desc, customers.customer_id nulls last
limit 10
