-- One row per customer: the ten that owe most in one currency.
with documents as (
    select
        fct_invoices.customer_id,
        case fct_invoices.document_type when 'credit_memo' then -1 else 1 end
        * fct_invoices.open_amount as open_amount,
        fct_invoices.days_overdue
    from marts.fct_invoices
    where
        fct_invoices.currency = $currency
        and fct_invoices.open_amount <> 0
        and fct_invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
),

customers as (
    select
        documents.customer_id,
        sum(documents.open_amount) as open_amount,
        coalesce(sum(documents.open_amount) filter (documents.days_overdue > 0), 0) as overdue,
        count(*) as documents,
        max(documents.days_overdue) as days_overdue
    from documents
    group by documents.customer_id
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
    $currency as currency,
    customers.open_amount,
    customers.overdue,
    customers.documents,
    customers.days_overdue,
    coalesce(exceptions.exceptions, 0) as exceptions
from customers
left join marts.dim_customers on customers.customer_id = dim_customers.customer_id
left join exceptions on customers.customer_id = exceptions.customer_id
order by customers.open_amount desc, customers.customer_id
limit 10
