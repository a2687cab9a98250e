-- The newest day, in the reporting currency.
select
    currency,
    open,
    overdue,
    revenue_at_risk
from marts.agg_executive_daily
order by as_of_date desc
limit 1
