{{ config(tags=['after_seal']) }}

with

entries as (select * from {{ ref('stg_tieout__journal_entries') }}),

final as (
    select
        cast(entries.block as bigint) as block,
        cast(entries.position as bigint) as position,
        entries.entry_type,
        entries.subject_type,
        entries.subject_id,
        entries.actor,
        entries.occurred_at,
        entries.payload,
        entries.source_hashes,
        entries.entry_hash
    from entries
)

select * from final
