-- One row per currency: the headline figures, each in its own currency, never added across, and what
-- is open and overdue in the reporting currency, which do add up.
with valued as (
    select
        fct_open_documents.currency,
        max(fct_open_documents.reporting_currency) as reporting_currency,
        sum(fct_open_documents.base_amount) as base_open,
        coalesce(
            sum(fct_open_documents.base_amount) filter (fct_open_documents.days_overdue > 0), 0
        ) as base_overdue
    from marts.fct_open_documents
    group by fct_open_documents.currency
)

select
    agg_receivables.currency,
    agg_receivables.invoiced,
    agg_receivables.collected,
    agg_receivables.matched,
    agg_receivables.adjusted,
    agg_receivables.open,
    agg_receivables.overdue,
    agg_receivables.unapplied,
    valued.reporting_currency,
    valued.base_open,
    valued.base_overdue
from marts.agg_receivables
left join valued on agg_receivables.currency = valued.currency
order by valued.base_open desc nulls last, agg_receivables.currency
