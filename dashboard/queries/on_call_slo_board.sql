-- One row per objective: how it stands over 28 days, what is left of its budget, how fast that goes,
-- and its values over seven days on each of the last 60 days. What is missed comes first.
with latest_sli as (
    select fct_sli.*
    from marts.fct_sli
    where fct_sli.window_days = 28
    qualify
        row_number() over (
            partition by fct_sli.sli
            order by fct_sli.as_of_date desc nulls last
        ) = 1
),

last_day as (
    select max(fct_sli.as_of_date) as as_of_date
    from marts.fct_sli
),

history as (
    select
        fct_sli.sli,
        list(
            {'day': fct_sli.as_of_date, 'value': fct_sli.value}
            order by fct_sli.as_of_date
        ) as points
    from marts.fct_sli
    cross join last_day
    where
        fct_sli.window_days = 7
        and fct_sli.as_of_date > last_day.as_of_date - interval 60 day
    group by fct_sli.sli
),

latest_budgets as (
    select fct_error_budgets.*
    from marts.fct_error_budgets
    where not fct_error_budgets.is_confirming
    qualify
        row_number() over (
            partition by fct_error_budgets.slo, fct_error_budgets."window"
            order by fct_error_budgets.as_of desc nulls last
        ) = 1
),

burns as (
    select
        latest_budgets.slo,
        list(
            {'window': latest_budgets."window", 'rate': latest_budgets.burn_rate}
            order by latest_budgets.window_minutes
        ) as burn_rates
    from latest_budgets
    group by latest_budgets.slo
),

longest as (
    select latest_budgets.*
    from latest_budgets
    qualify
        row_number() over (
            partition by latest_budgets.slo
            order by latest_budgets.window_minutes desc
        ) = 1
)

select
    coalesce(latest_sli.sli, longest.slo) as slo,
    latest_sli.value,
    latest_sli.unit,
    latest_sli.target,
    latest_sli.met,
    latest_sli.numerator,
    latest_sli.denominator,
    latest_sli.restated_events,
    longest.title,
    longest.direction,
    longest.meaning,
    longest.numerator_counts,
    longest.denominator_counts,
    longest.restated,
    longest."window" as budget_window,
    longest.objective,
    longest.events,
    longest.bad_events,
    longest.budget_remaining,
    coalesce(longest.budget_remaining < 0, false) as is_overspent,
    burns.burn_rates,
    history.points
from latest_sli
full join longest on latest_sli.sli = longest.slo
left join burns on coalesce(latest_sli.sli, longest.slo) = burns.slo
left join history on coalesce(latest_sli.sli, longest.slo) = history.sli
order by
    case when latest_sli.met is null then 1 when latest_sli.met then 2 else 0 end,
    longest.budget_remaining asc nulls last,
    slo
