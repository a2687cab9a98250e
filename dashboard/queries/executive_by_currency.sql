-- One row per currency: the headline figures, each in its own currency, never added across.
select
    agg_receivables.currency,
    agg_receivables.invoiced,
    agg_receivables.collected,
    agg_receivables.matched,
    agg_receivables.adjusted,
    agg_receivables.open,
    agg_receivables.overdue,
    agg_receivables.unapplied,
    agg_receivables.open_documents
from marts.agg_receivables
order by agg_receivables.open_documents desc, agg_receivables.currency
