select
    slo,
    "window",
    objective,
    events,
    bad_events,
    burn_rate,
    budget_remaining
from marts.fct_error_budgets
