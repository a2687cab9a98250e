-- The audit entries that this run adds about exceptions, in the columns of
-- int_decisions__to_seal.
with

lifecycle as (
    select *
    from {{ ref('int_exceptions__lifecycle') }}
    where lifecycle in ('newly_opened', 'newly_resolved')
),

journal as (select * from {{ ref('int_exceptions__journal') }}),

-- an item that is no longer listed has no row: the hashes of the opening stand for it
evidence as (
    select
        lifecycle.exception_id,
        lifecycle.item_row_hash as row_hash
    from lifecycle
    where lifecycle.item_row_hash is not null
    union all
    select
        lifecycle.exception_id,
        lifecycle.decision_row_hash as row_hash
    from lifecycle
    where lifecycle.decision_row_hash is not null
),

evidence_lists as (
    select
        evidence.exception_id,
        array_sort(array_agg(distinct evidence.row_hash)) as source_hashes
    from evidence
    group by evidence.exception_id
),

final as (
    select
        'exception_opened' as entry_type,
        'exception' as subject_type,
        lifecycle.exception_id as subject_id,
        'tieout' as actor,
        {{ as_of() }} as occurred_at,
        {{ opening_payload('lifecycle') }} as payload,
        evidence_lists.source_hashes
    from lifecycle
    left join evidence_lists
        on lifecycle.exception_id = evidence_lists.exception_id
    where lifecycle.lifecycle = 'newly_opened'
    union all
    select
        'exception_resolved' as entry_type,
        'exception' as subject_type,
        lifecycle.exception_id as subject_id,
        lifecycle.resolved_by as actor,
        {{ as_of() }} as occurred_at,
        {{ resolution_payload('lifecycle') }} as payload,
        coalesce(evidence_lists.source_hashes, journal.opened_source_hashes) as source_hashes
    from lifecycle
    left join evidence_lists
        on lifecycle.exception_id = evidence_lists.exception_id
    left join journal
        on lifecycle.exception_id = journal.exception_id
    where lifecycle.lifecycle = 'newly_resolved'
)

select * from final
