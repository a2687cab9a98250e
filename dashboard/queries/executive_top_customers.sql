-- One row per customer: the ten that owe most, in one currency or, where $currency is empty, in all of
-- them as the reporting currency counts.
with documents as (
    select
        fct_open_documents.customer_id,
        fct_open_documents.days_overdue,
        case
            when $currency = '' then fct_open_documents.reporting_currency
            else fct_open_documents.currency
        end as currency,
        case
            when $currency = '' then fct_open_documents.base_amount
            else fct_open_documents.open_amount
        end as open_amount
    from marts.fct_open_documents
    where $currency = '' or fct_open_documents.currency = $currency
),

customers as (
    select
        documents.customer_id,
        documents.currency,
        coalesce(sum(documents.open_amount), 0) as open_amount,
        coalesce(sum(documents.open_amount) filter (documents.days_overdue > 0), 0) as overdue,
        count(*) as documents,
        max(documents.days_overdue) as days_overdue
    from documents
    group by documents.customer_id, documents.currency
    order by open_amount desc nulls last, documents.customer_id
    limit 10
),

exceptions as (
    select
        fct_exceptions.customer_id,
        count(*) as exceptions
    from marts.fct_exceptions
    where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
    group by fct_exceptions.customer_id
)

select
    customers.customer_id,
    dim_customers.legal_name,
    dim_customers.tier,
    customers.currency,
    customers.open_amount,
    customers.overdue,
    customers.documents,
    customers.days_overdue,
    coalesce(exceptions.exceptions, 0) as exceptions
from customers
left join marts.dim_customers on customers.customer_id = dim_customers.customer_id
left join exceptions on customers.customer_id = exceptions.customer_id
order by customers.open_amount desc nulls last, customers.customer_id
