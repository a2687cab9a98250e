-- One row per currency with something open, the most documents first.
select
    fct_open_documents.currency,
    count(*) as documents
from marts.fct_open_documents
group by fct_open_documents.currency
order by documents desc, fct_open_documents.currency
