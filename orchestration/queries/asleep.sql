-- What does not run for want of feeds, and what would wake it.
with customers as (
    select coalesce(sum(batches.rows_loaded), 0) as loaded
    from marts.fct_batches as batches
    where batches.feed = 'crm_customers'
)

select
    reconciliations.title,
    reconciliations.why_inactive as why
from marts.dim_reconciliations as reconciliations
where not reconciliations.is_active
union all
select
    'Payers by name and account' as title,
    'nothing has landed in crm_customers: payers can only be known by the customer that a gateway '
    || 'states, by the document that a payment names, and by what earlier matches taught' as why
from customers
where customers.loaded = 0
order by title
