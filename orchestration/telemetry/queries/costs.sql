-- What a matched invoice cost, by dimension and part, over the windows of the breakdowns. What
-- machines cost is not booked: a double is enough. On-call's page includes this text; of files
-- there are too many for labels.
with

windows as (
    select distinct
        window_name,
        first_date,
        as_of_date
    from marts.agg_sli_breakdowns
),

run_costs as (
    select
        run_id,
        cost_currency,
        seconds::double * price_per_hour::double / 3600 as cost
    from marts.fct_runs
    where price_per_hour is not null
),

shared as (
    select
        agg_cost_shares.dimension,
        agg_cost_shares.dimension_value as part,
        windows.window_name as window,
        run_costs.cost_currency as currency,
        sum(agg_cost_shares.cost_share::double * run_costs.cost) as cost,
        sum(agg_cost_shares.invoices) as invoices
    from marts.agg_cost_shares
    inner join run_costs
        on agg_cost_shares.run_id = run_costs.run_id
    inner join windows
        on agg_cost_shares.as_of::date between windows.first_date and windows.as_of_date
    group by
        agg_cost_shares.dimension,
        agg_cost_shares.dimension_value,
        windows.window_name,
        run_costs.cost_currency
)

select
    *,
    cost / nullif(invoices, 0) as cost_per_invoice,
    case when dimension <> 'batch' then cost / nullif(invoices, 0) end as exported_cost
from shared
