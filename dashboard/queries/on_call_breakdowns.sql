-- One row per part of a dimension and indicator: its value over each window, and what a matched
-- invoice cost there. What is missed over 28 days comes first, then what has most events.
--   dimension, limit
with

costs as (
-- include: costs
),

measured as (
    select
        agg_sli_breakdowns.sli,
        agg_sli_breakdowns.dimension_value as part,
        agg_sli_breakdowns.window_name as window,
        agg_sli_breakdowns.unit,
        null as currency,
        agg_sli_breakdowns.value,
        agg_sli_breakdowns.met,
        agg_sli_breakdowns.events
    from marts.agg_sli_breakdowns
    where agg_sli_breakdowns.dimension = $dimension
    union all
    select
        case costs.part
            when 'no_match' then 'cost_of_runs' else 'cost_per_matched_invoice'
        end as sli,
        costs.part,
        costs.window,
        'money' as unit,
        costs.currency,
        case costs.part
            when 'no_match' then costs.cost else costs.cost_per_invoice
        end::decimal(38, 10) as value,
        null as met,
        costs.invoices as events
    from costs
    where costs.dimension = $dimension
),

titles as (
    select
        slo,
        max(title) as title
    from marts.fct_error_budgets
    group by slo
),

files as (
    select
        batch_id,
        min(feed || '/' || file_name) as file_name
    from marts.fct_batches
    group by batch_id
),

parts as (
    select
        measured.sli,
        measured.part,
        measured.unit,
        measured.currency,
        max(measured.value) filter (measured.window = '1d') as one_day,
        max(measured.value) filter (measured.window = '7d') as seven_days,
        max(measured.value) filter (measured.window = '28d') as four_weeks,
        max(measured.value) filter (measured.window = 'month') as this_month,
        bool_and(measured.met) filter (measured.window = '28d') as met,
        coalesce(max(measured.events) filter (measured.window = '28d'), 0) as events
    from measured
    group by measured.sli, measured.part, measured.unit, measured.currency
)

select
    parts.*,
    titles.title,
    files.file_name,
    count(*) over () as row_count
from parts
left join titles
    on parts.sli = titles.slo
left join files
    on parts.part = files.batch_id
order by
    parts.met asc nulls last,
    parts.events desc,
    parts.part,
    parts.sli
limit $limit
