-- One row per sealed decision of a person, the newest first, with what came of it; blanks filter
-- nothing.
with said as (
    select
        fct_audit_log.block,
        fct_audit_log.position,
        fct_audit_log.subject_id as decision_id,
        fct_audit_log.actor,
        fct_audit_log.occurred_at,
        json_extract_string(fct_audit_log.payload, '$.action') as action,
        json_extract_string(fct_audit_log.payload, '$.comment') as comment,
        json_extract_string(fct_audit_log.payload, '$.approved_by') as approved_by,
        json_extract_string(fct_audit_log.payload, '$.match_id') as match_id,
        json_extract_string(fct_audit_log.payload, '$.exception_id') as exception_id,
        json_extract_string(fct_audit_log.payload, '$.items') as items,
        try_cast(
            json_extract_string(fct_audit_log.payload, '$.decided_at') as timestamp
        ) as decided_at
    from marts.fct_audit_log
    where fct_audit_log.entry_type = 'review_decision'
),

chosen as (
    select
        said.*,
        count(*) over () as row_count
    from said
    where
        ($person = '' or said.actor = $person or said.approved_by = $person)
        and ($action = '' or said.action = $action)
        and (
            $written <> 'file'
            or list_contains(cast($by_file as varchar []), said.decision_id)
        )
    order by said.decided_at desc nulls last, said.block desc, said.position desc
    limit $limit offset $offset
)

select
    chosen.*,
    fct_matches.explanation,
    fct_matches.amount,
    fct_matches.currency,
    fct_matches.decision,
    fct_exceptions.exception_type,
    fct_exceptions.detail,
    fct_orders.outcome,
    fct_orders.refusal_meaning
from chosen
left join marts.fct_orders
    on chosen.decision_id = fct_orders.decision_id
left join marts.fct_matches
    on coalesce(chosen.match_id, fct_orders.match_id) = fct_matches.match_id
left join marts.fct_exceptions
    on chosen.exception_id = fct_exceptions.exception_id
order by chosen.decided_at desc nulls last, chosen.block desc, chosen.position desc
