-- The days whose movements are other than the former publication said, of those that it knew: the
-- figures of the executive page, before and after. What is open on a day follows from all days up to
-- it, so that stocks are not compared.
with former as (
    select * from before.marts.agg_executive_daily
),

span as (
    select
        former.currency,
        min(former.as_of_date) as first_day,
        max(former.as_of_date) as last_day
    from former
    group by former.currency
),

present as (
    select now.*
    from after.marts.agg_executive_daily as now
    inner join span
        on now.currency = span.currency and now.as_of_date <= span.last_day
),

compared as (
    select
        coalesce(present.as_of_date, former.as_of_date) as day,
        coalesce(present.currency, former.currency) as currency,
        coalesce(former.invoiced, 0) as invoiced_before,
        coalesce(present.invoiced, 0) as invoiced,
        coalesce(former.collected, 0) as collected_before,
        coalesce(present.collected, 0) as collected,
        coalesce(former.matched, 0) as matched_before,
        coalesce(present.matched, 0) as matched,
        coalesce(former.adjusted, 0) as adjusted_before,
        coalesce(present.adjusted, 0) as adjusted
    from former
    full join present
        on former.as_of_date = present.as_of_date and former.currency = present.currency
)

select compared.*
from compared
where
    (
        compared.invoiced_before,
        compared.collected_before,
        compared.matched_before,
        compared.adjusted_before
    ) is distinct from (
        compared.invoiced,
        compared.collected,
        compared.matched,
        compared.adjusted
    )
order by compared.day, compared.currency
