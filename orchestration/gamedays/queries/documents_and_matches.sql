-- One row per document, with what is matched and open of it, and one per live match, whose key says
-- what it holds together. Amounts are in major units, without zeros at the end.
with documents as (
    select
        'invoice ' || invoices.invoice_id as key,
        rtrim(rtrim(cast(invoices.matched_amount as varchar), '0'), '.') || ' matched and '
        || rtrim(rtrim(cast(invoices.open_amount as varchar), '0'), '.') || ' open, '
        || invoices.currency || ', ' || invoices.reconciliation_status as told
    from marts.fct_invoices as invoices
),

held as (
    select
        allocations.match_id,
        allocations.reconciliation,
        string_agg(
            allocations.item_type || ' ' || allocations.item_id || ' '
            || rtrim(rtrim(cast(allocations.allocated_amount as varchar), '0'), '.') || ' '
            || allocations.currency,
            '; '
            order by
                allocations.item_type asc nulls last,
                allocations.item_id asc nulls last,
                allocations.allocated_amount asc nulls last
        ) as items
    from marts.fct_match_allocations as allocations
    inner join marts.fct_matches as matches
        on
            allocations.match_id = matches.match_id
            and allocations.reconciliation = matches.reconciliation
    where matches.is_live
    group by allocations.match_id, allocations.reconciliation
)

select
    documents.key,
    documents.told
from documents
union all
select
    'match of ' || held.reconciliation || ': ' || held.items as key,
    'held together' as told
from held
