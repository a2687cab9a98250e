-- Pairs that a person has declined or taken apart; no pass proposes them again.
with

declined_entries as (
    select
        entries.subject_id as match_id,
        {{ json_get('entries.payload', 'reconciliation') }} as reconciliation,
        {{ json_get('entries.payload', 'items') }} as items
    from {{ ref('stg_tieout__journal_entries') }} as entries
    where entries.entry_type = 'match_rejected'
),

undone as (
    select reversals.match_id
    from {{ ref('int_journal__reversals') }} as reversals
    where reversals.reason = 'undone_by_a_person'
    union
    select standing.match_id
    from {{ ref('int_matches__standing') }} as standing
    where standing.reversal_reason = 'undone_by_a_person'
),

declined_items as (
    select
        declined_entries.match_id,
        match_items.side,
        declined_entries.reconciliation || '|' || match_items.item_type || '|'
        || match_items.item_id as item_key
    from declined_entries
    {{ unnest_json('declined_entries.items', 'match_items', ['item_id', 'item_type', 'side']) }}
    union all
    select
        allocations.match_id,
        allocations.side,
        allocations.item_key
    from {{ ref('int_journal__allocations') }} as allocations
    inner join undone
        on allocations.match_id = undone.match_id
),

final as (
    select distinct
        expected_items.item_key as expected_item_key,
        actual_items.item_key as actual_item_key
    from declined_items as expected_items
    inner join declined_items as actual_items
        on expected_items.match_id = actual_items.match_id
    where expected_items.side = 'expected' and actual_items.side = 'actual'
)

select * from final
