-- One row per customer of one page of the list, who owes most first; $search is a part of the name
-- or id. Amounts in the reporting currency at the rates of the run's day.
with latest as (
    select max(agg_aging.as_of_date) as as_of_date
    from marts.agg_aging
),

aging as (
    select
        agg_aging.customer_id,
        case
            when count(*) = count(dim_currencies.rate)
                then cast(sum(agg_aging.open_amount * dim_currencies.rate) as decimal(38, 2))
        end as open_amount,
        case
            when count(*) = count(dim_currencies.rate)
                then
                    cast(
                        coalesce(
                            sum(agg_aging.open_amount * dim_currencies.rate)
                                filter (agg_aging.bucket <> 'current'),
                            0
                        ) as decimal(38, 2)
                    )
        end as overdue_amount,
        cast(sum(agg_aging.invoices) as bigint) as document_count
    from marts.agg_aging
    inner join latest
        on agg_aging.as_of_date = latest.as_of_date
    left join marts.dim_currencies
        on agg_aging.currency = dim_currencies.currency
    group by agg_aging.customer_id
),

cases as (
    select
        fct_exceptions.customer_id,
        count(*) as case_count
    from marts.fct_exceptions
    where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
    group by fct_exceptions.customer_id
)

select
    dim_customers.customer_id,
    dim_customers.legal_name as customer,
    dim_customers.tier,
    dim_customers.country,
    coalesce(aging.document_count, 0) as document_count,
    case when aging.customer_id is null then 0 else aging.open_amount end as open_amount,
    case when aging.customer_id is null then 0 else aging.overdue_amount end as overdue_amount,
    coalesce(cases.case_count, 0) as case_count,
    count(*) over () as row_count
from marts.dim_customers
left join aging
    on dim_customers.customer_id = aging.customer_id
left join cases
    on dim_customers.customer_id = cases.customer_id
where
    $search = ''
    or contains(lower(dim_customers.legal_name), lower($search))
    or contains(lower(dim_customers.customer_id), lower($search))
order by
    aging.open_amount desc nulls last,
    dim_customers.customer_id
limit $limit offset $offset
