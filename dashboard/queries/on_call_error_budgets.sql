-- One row per objective and window at the latest time.
select
    fct_error_budgets.slo,
    fct_error_budgets."window",
    fct_error_budgets.as_of,
    fct_error_budgets.objective,
    fct_error_budgets.events,
    fct_error_budgets.bad_events,
    fct_error_budgets.burn_rate,
    fct_error_budgets.budget_remaining
from marts.fct_error_budgets
qualify
    row_number() over (
        partition by fct_error_budgets.slo, fct_error_budgets."window"
        order by fct_error_budgets.as_of desc nulls last
    ) = 1
order by fct_error_budgets.slo, fct_error_budgets.budget_remaining asc nulls last
