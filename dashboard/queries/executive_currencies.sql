-- One row per currency with something open, the most invoices first.
select
    agg_aging.currency,
    sum(agg_aging.invoices) as invoices
from marts.agg_aging
where agg_aging.as_of_date = (select max(latest.as_of_date) from marts.agg_aging as latest)
group by agg_aging.currency
order by invoices desc, agg_aging.currency
