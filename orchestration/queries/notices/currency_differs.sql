-- One row where at least $least matches across currencies were taken by no rule: by the rate of the
-- day, their amounts do not agree.
with matches as (
    select allocations.match_id
    from marts.fct_match_allocations as allocations
    inner join marts.fct_matches as matches
        on allocations.match_id = matches.match_id
    where
        allocations.reconciliation = 'invoice_to_receipt'
        and matches.decision = 'suggested'
    group by allocations.match_id
    having count(distinct allocations.currency) > 1
)

select
    'invoice_to_receipt' as subject,
    count(*) || ' payments are in another currency than the documents that they name: a feed '
    || 'writes the wrong currency, or an account takes the wrong payments' as sentence
from matches
having count(*) >= $least
