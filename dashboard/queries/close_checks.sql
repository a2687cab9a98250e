-- One row per check of the period that begins on $period (empty: of the last one that is over, or the
-- only one there is), in the order in which checks are shown.
with latest as (
    select max(fct_runs.as_of)::date as as_of_date
    from marts.fct_runs
),

periods as (
    select distinct
        agg_period_close.period_start,
        agg_period_close.period_end
    from marts.agg_period_close
),

chosen as (
    select periods.period_start
    from periods
    cross join latest
    order by
        coalesce(periods.period_start = try_cast($period as date), false) desc,
        periods.period_end < latest.as_of_date desc nulls last,
        case when periods.period_end < latest.as_of_date then periods.period_start end
            desc nulls last,
        periods.period_start
    limit 1
)

select
    agg_period_close.period_start,
    agg_period_close.period_end,
    agg_period_close.check_code,
    agg_period_close.title,
    agg_period_close.meaning,
    agg_period_close.blocks_close,
    agg_period_close.status,
    agg_period_close.item_count,
    agg_period_close.counted,
    agg_period_close.phrase,
    agg_period_close.base_amount,
    agg_period_close.currency
from marts.agg_period_close
inner join chosen on agg_period_close.period_start = chosen.period_start
order by agg_period_close.position
