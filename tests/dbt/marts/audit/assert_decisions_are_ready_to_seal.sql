-- Invariant 7, before anything is committed. Guards: every match that counts, or counted and was
-- reversed, is in the journal already or among what this run seals, with the hashes of its rows.
-- Breaks when: the sealing model filters a kind of decision out, or an item carries no row hash.
-- In silence, money would move without a proof.
{#- nothing is ever taken from the journal, and what the last run was to seal is in it -#}
{%- set kept = {
    'by': 'match_id',
    'read': {
        'fct_matches': 'match_id',
        'int_decisions__to_seal': 'subject_id',
        'stg_tieout__journal_entries': {'subject_id': 'from touched'},
    },
    'asked': 'select match_id from changes.fct_matches',
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_matches'}}}) }}

with

matches as (
    select
        matches.match_id,
        matches.decision,
        case when matches.decision = 'reversed' then 'match_reversed' else 'match_closed' end
            as entry_type
    from {{ ref('fct_matches') }} as matches
    where matches.decision in ('auto_closed', 'approved', 'reversed')
),

-- the journal as it was before this run, and what this run adds to it
entries as (
    select
        journal_entries.entry_type,
        journal_entries.subject_id,
        {{ list_length('journal_entries.source_hashes') }} as hash_count
    from {{ ref('stg_tieout__journal_entries') }} as journal_entries
    where journal_entries.entry_type in ('match_closed', 'match_reversed')
    union all
    select
        to_seal.entry_type,
        to_seal.subject_id,
        {{ list_length('to_seal.source_hashes') }} as hash_count
    from {{ ref('int_decisions__to_seal') }} as to_seal
    where to_seal.entry_type in ('match_closed', 'match_reversed')
),

evidence as (
    select
        entries.entry_type,
        entries.subject_id,
        min(coalesce(entries.hash_count, 0)) as hash_count
    from entries
    group by entries.entry_type, entries.subject_id
),

final as (
    select
        matches.match_id,
        matches.decision,
        evidence.hash_count
    from matches
    left join evidence
        on
            matches.match_id = evidence.subject_id
            and matches.entry_type = evidence.entry_type
    where coalesce(evidence.hash_count, 0) = 0
)

select * from final
