select
    epoch(as_of) as as_of,
    rows_in,
    matches_made,
    auto_closed,
    cost_currency as currency,
    cost_per_match
from marts.fct_runs
order by run_sequence desc
limit 1
