-- The open exceptions of cases.
select
    exceptions.exception_id,
    exceptions.case_id,
    exceptions.is_case_lead,
    exceptions.reconciliation,
    exceptions.exception_type,
    exceptions.root_cause,
    exceptions.item_type,
    exceptions.item_id,
    exceptions.amount,
    exceptions.currency,
    exceptions.base_amount,
    exceptions.item_count,
    exceptions.candidate_match_ids
from marts.fct_exceptions as exceptions
where
    exceptions.status <> 'resolved'
    and exceptions.case_id in (select unnest(cast($case_ids as varchar [])))
order by exceptions.is_case_lead desc, exceptions.exception_id
