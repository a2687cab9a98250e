select
    document_type,
    reconciliation_status as status,
    count(*) as documents
from marts.fct_invoices
group by
    document_type,
    reconciliation_status
