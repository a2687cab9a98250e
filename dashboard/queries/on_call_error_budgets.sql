-- One row per objective: its longest window at the latest time, and the burn rate of every window.
-- Objectives with the least budget left come first.
with latest as (
    select
        fct_error_budgets.*,
        coalesce(
            try_cast(rtrim(fct_error_budgets."window", 'hdw') as bigint)
            * case right(fct_error_budgets."window", 1) when 'h' then 1 when 'd' then 24 else 168 end,
            0
        ) as hours
    from marts.fct_error_budgets
    qualify
        row_number() over (
            partition by fct_error_budgets.slo, fct_error_budgets."window"
            order by fct_error_budgets.as_of desc nulls last
        ) = 1
),

rates as (
    select
        latest.slo,
        map_from_entries(list((latest."window", latest.burn_rate))) as burn_rates
    from latest
    group by latest.slo
),

longest as (
    select latest.*
    from latest
    qualify row_number() over (partition by latest.slo order by latest.hours desc) = 1
)

select
    longest.slo,
    longest."window",
    longest.objective,
    longest.events,
    longest.bad_events,
    longest.budget_remaining,
    rates.burn_rates
from longest
inner join rates on longest.slo = rates.slo
order by longest.budget_remaining asc nulls last, longest.slo
