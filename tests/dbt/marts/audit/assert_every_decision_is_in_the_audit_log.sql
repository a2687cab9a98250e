-- Invariant 7. Guards: every match that counts has exactly one sealed entry that closes it, every
-- reversed one also exactly one that reverses it, each with the hashes of the rows that it rests
-- on; no sealed close is missing in fct_matches; entries of any kind carry hashes.
-- Breaks when: the journal and the warehouse drift apart: a block lost, a decision sealed twice,
-- a sealed match dropped by a model. In silence, the log would no longer explain the books.
{%- set kept = {
    'by': 'subject_id',
    'read': {'fct_matches': 'match_id', 'fct_audit_log': 'subject_id'},
} -%}
{{ config(
    tags=['after_seal'],
    meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_audit_log'}}}
) }}

with

matches as (select * from {{ ref('fct_matches') }}),

audit_log as (select * from {{ ref('fct_audit_log') }}),

entries as (
    select
        audit_log.subject_id as match_id,
        count(case when audit_log.entry_type = 'match_closed' then 1 end) as closed_count,
        count(case when audit_log.entry_type = 'match_reversed' then 1 end) as reversed_count
    from audit_log
    where audit_log.entry_type in ('match_closed', 'match_reversed')
    group by audit_log.subject_id
),

unexplained as (
    select
        coalesce(matches.match_id, entries.match_id) as subject_id,
        'the log and the match disagree' as failure
    from matches
    full outer join entries
        on matches.match_id = entries.match_id
    where
        (
            coalesce(matches.decision, '') in ('auto_closed', 'approved')
            and (
                entries.closed_count is distinct from 1 or entries.reversed_count is distinct from 0
            )
        )
        or (
            coalesce(matches.decision, '') = 'reversed'
            and (
                entries.closed_count is distinct from 1 or entries.reversed_count is distinct from 1
            )
        )
        or matches.match_id is null
),

without_evidence as (
    select
        audit_log.subject_id,
        'an entry names no row' as failure
    from audit_log
    where coalesce({{ list_length('audit_log.source_hashes') }}, 0) = 0
),

final as (
    select * from unexplained
    union all
    select * from without_evidence
)

select * from final
