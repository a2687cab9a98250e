-- Which sealed matches the journal has reversed, and which pairs people have declined.
with

entries as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where entry_type = 'match_reversed'
),

final as (
    select
        entries.subject_id as match_id,
        {{ json_get('entries.payload', 'reason') }} as reason,
        entries.occurred_at as reversed_at,
        entries.actor as reversed_by,
        {{ json_get('entries.payload', 'run_id') }} as run_id
    from entries
)

select * from final
