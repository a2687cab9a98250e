-- One row per type of unresolved exception on what customers owe; set-aside items are owed by nobody.
select distinct fct_exceptions.exception_type
from marts.fct_exceptions
inner join marts.fct_items
    on
        fct_exceptions.reconciliation = fct_items.reconciliation
        and fct_exceptions.item_type = fct_items.item_type
        and fct_exceptions.item_id = fct_items.item_id
where
    fct_exceptions.status <> 'resolved'
    and fct_exceptions.reconciliation = 'invoice_to_receipt'
    and fct_items.side = 'expected'
    and fct_items.status <> 'set_aside'
order by fct_exceptions.exception_type
