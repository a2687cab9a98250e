-- Invariant 7. Guards: blocks count from 1 without a gap, each names the hash of the one before
-- (the first 64 zeros), time does not go back, and a block holds the entries that it counts, at
-- positions from 1 without a gap. The hashes themselves are computed again by `tieout verify`.
-- Breaks when: a block file is deleted, replaced or reordered. In silence, history could be
-- edited.
{%- set kept = {
    'by': 'block',
    'read': {'fct_audit_log': 'block'},
    'looked_up': 'fct_audit_blocks',
    'asked': [
        'select block from changes.fct_audit_blocks',
        'select block + 1 from changes.fct_audit_blocks',
    ],
} -%}
{{ config(
    tags=['after_seal'],
    meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_audit_blocks'}}}
) }}

with

blocks as (select * from {{ ref('fct_audit_blocks') }}),

entries as (
    select
        audit_log.block,
        count(*) as entry_count,
        count(distinct audit_log.position) as position_count,
        min(audit_log.position) as first_position,
        max(audit_log.position) as last_position
    from {{ ref('fct_audit_log') }} as audit_log
    group by audit_log.block
),

ordered as (
    select
        blocks.*,
        row_number() over (order by blocks.block asc nulls last) as expected_block,
        lag(blocks.block_hash) over (order by blocks.block asc nulls last) as hash_before,
        lag(blocks.sealed_at) over (order by blocks.block asc nulls last) as sealed_before
    from blocks
),

final as (
    select
        coalesce(ordered.block, entries.block) as block,
        ordered.expected_block,
        ordered.previous_hash,
        ordered.hash_before,
        ordered.entry_count,
        entries.entry_count as entries_found
    from ordered
    full outer join entries
        on ordered.block = entries.block
    where
        ordered.block is distinct from ordered.expected_block
        or ordered.previous_hash is distinct from coalesce(ordered.hash_before, repeat('0', 64))
        or coalesce(ordered.sealed_before > ordered.sealed_at, false)
        or ordered.entry_count is distinct from entries.entry_count
        or entries.position_count is distinct from entries.entry_count
        or entries.first_position is distinct from 1
        or entries.last_position is distinct from entries.entry_count
)

select * from final
