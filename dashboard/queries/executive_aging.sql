-- One row per currency: open amounts by days overdue on the latest date, and each bucket's share
-- of what is owed in that currency (fractions for the bars; money is never divided).
with latest as (
    select max(agg_aging.as_of_date) as as_of_date
    from marts.agg_aging
),

buckets as (
    select
        agg_aging.currency,
        agg_aging.bucket,
        sum(agg_aging.open_amount) as open_amount,
        sum(agg_aging.invoices) as invoices
    from marts.agg_aging
    inner join latest on agg_aging.as_of_date = latest.as_of_date
    group by agg_aging.currency, agg_aging.bucket
),

widths as (
    select
        buckets.*,
        greatest(buckets.open_amount, 0)::double
        / nullif(max(greatest(buckets.open_amount, 0)) over (partition by buckets.currency), 0)
            as bar
    from buckets
)

select
    widths.currency,
    max(widths.open_amount) filter (widths.bucket = 'current') as amount_current,
    max(widths.open_amount) filter (widths.bucket = '1-30') as amount_1_30,
    max(widths.open_amount) filter (widths.bucket = '31-60') as amount_31_60,
    max(widths.open_amount) filter (widths.bucket = '61-90') as amount_61_90,
    max(widths.open_amount) filter (widths.bucket = '90+') as amount_90,
    max(widths.bar) filter (widths.bucket = 'current') as bar_current,
    max(widths.bar) filter (widths.bucket = '1-30') as bar_1_30,
    max(widths.bar) filter (widths.bucket = '31-60') as bar_31_60,
    max(widths.bar) filter (widths.bucket = '61-90') as bar_61_90,
    max(widths.bar) filter (widths.bucket = '90+') as bar_90,
    sum(widths.open_amount) as open_amount,
    sum(widths.invoices) as invoices
from widths
group by widths.currency
order by invoices desc, widths.currency
