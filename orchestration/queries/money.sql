-- The headline figures per currency (what they mean: models/marts/figures.md), the largest first.
select
    receivables.currency,
    receivables.documents,
    receivables.invoiced,
    receivables.matched,
    receivables.settled,
    receivables.adjusted,
    receivables.open,
    receivables.overdue
from marts.agg_receivables as receivables
where receivables.documents > 0
order by receivables.invoiced desc nulls last, receivables.currency
