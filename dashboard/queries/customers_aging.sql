-- One row per currency and bucket of what a customer's documents are open for.
select
    agg_aging.currency,
    agg_aging.bucket,
    agg_aging.open_amount,
    agg_aging.invoices
from marts.agg_aging
where
    agg_aging.customer_id = $customer
    and agg_aging.as_of_date = (select max(latest.as_of_date) from marts.agg_aging as latest)
order by
    agg_aging.currency,
    case agg_aging.bucket
        when 'current' then 0 when '1-30' then 1 when '31-60' then 2 when '61-90' then 3 else 4
    end
