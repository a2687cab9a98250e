-- Invariants 7 and 9. Guards: once the run is sealed, the journal alone tells which exceptions
-- are open and since when, so a rebuilt warehouse shows the same ones.
-- Breaks when: an exception is opened or resolved in the mart without an entry, an entry is
-- sealed twice, or opened_at is computed again instead of being read back. In silence, deadlines
-- would move with every run.
{%- set kept = {
    'by': 'exception_id',
    'read': {'fct_exceptions': 'exception_id', 'fct_audit_log': 'subject_id'},
} -%}
{{ config(
    tags=['after_seal'],
    meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_audit_log'}}}
) }}

with

exceptions as (select * from {{ ref('fct_exceptions') }}),

entries as (
    select
        audit_log.subject_id as exception_id,
        count(case when audit_log.entry_type = 'exception_opened' then 1 end) as opened_count,
        count(case when audit_log.entry_type = 'exception_resolved' then 1 end)
            as resolved_count,
        max(
            case
                when audit_log.entry_type = 'exception_opened'
                    then {{ payload_timestamp('audit_log.payload', 'opened_at') }}
            end
        ) as opened_at
    from {{ ref('fct_audit_log') }} as audit_log
    where
        audit_log.subject_type = 'exception'
        and audit_log.entry_type in ('exception_opened', 'exception_resolved')
    group by audit_log.subject_id
),

final as (
    select
        coalesce(exceptions.exception_id, entries.exception_id) as exception_id,
        exceptions.status,
        exceptions.opened_at,
        entries.opened_at as sealed_opened_at,
        entries.opened_count,
        entries.resolved_count
    from exceptions
    full outer join entries
        on exceptions.exception_id = entries.exception_id
    where
        exceptions.exception_id is null
        or entries.opened_count is distinct from 1
        or entries.resolved_count
        is distinct from case when exceptions.status = 'resolved' then 1 else 0 end
        or exceptions.opened_at is distinct from entries.opened_at
)

select * from final
