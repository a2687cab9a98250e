-- What the journal knows of each exception: how it was opened, and how it was resolved if it was.
with

entries as (
    select
        journal_entries.block,
        journal_entries.entry_type,
        journal_entries.subject_id,
        journal_entries.payload,
        journal_entries.source_hashes,
        blocks.run_id
    from {{ ref('stg_tieout__journal_entries') }} as journal_entries
    inner join {{ ref('stg_tieout__journal_blocks') }} as blocks
        on journal_entries.block = blocks.block
    where
        journal_entries.subject_type = 'exception'
        and journal_entries.entry_type in ('exception_opened', 'exception_resolved')
),

opened as (
    select *
    from entries
    where entry_type = 'exception_opened'
),

resolved as (
    select *
    from entries
    where entry_type = 'exception_resolved'
),

-- the resolution repeats what the exception had become by then
last_words as (
    select
        opened.subject_id as exception_id,
        opened.source_hashes as opened_source_hashes,
        opened.run_id as opened_run_id,
        resolved.run_id as resolved_run_id,
        resolved.subject_id is not null as is_resolved,
        coalesce(resolved.payload, opened.payload) as payload,
        coalesce(resolved.block, opened.block) as block
    from opened
    left join resolved
        on opened.subject_id = resolved.subject_id
),

final as (
    select
        last_words.exception_id,
        {{ json_get('last_words.payload', 'reconciliation') }}
        || '|' || {{ json_get('last_words.payload', 'item_type') }}
        || '|' || {{ json_get('last_words.payload', 'item_id') }} as item_key,
        {{ json_get('last_words.payload', 'reconciliation') }} as reconciliation,
        {{ json_get('last_words.payload', 'side') }} as side,
        {{ json_get('last_words.payload', 'item_type') }} as item_type,
        {{ json_get('last_words.payload', 'item_id') }} as item_id,
        cast({{ json_get('last_words.payload', 'occurrence') }} as bigint) as occurrence,
        {{ json_get('last_words.payload', 'exception_type') }} as exception_type,
        {{ json_get('last_words.payload', 'root_cause') }} as root_cause,
        {{ json_get('last_words.payload', 'customer_id') }} as customer_id,
        {{ payload_amount('last_words.payload', 'amount') }} as amount,
        {{ json_get('last_words.payload', 'currency') }} as currency,
        {{ payload_amount('last_words.payload', 'base_amount') }} as base_amount,
        coalesce(
            {{ json_get('last_words.payload', 'case_id') }},
            {{ case_id_of(
                json_get('last_words.payload', 'reconciliation')
                ~ " || '|' || " ~ json_get('last_words.payload', 'item_type')
                ~ " || '|' || " ~ json_get('last_words.payload', 'item_id')
            ) }}
        ) as case_id,
        {{ payload_timestamp('last_words.payload', 'opened_at') }} as opened_at,
        {{ json_get('last_words.payload', 'group_name') }} as group_name,
        coalesce(cast({{ json_get('last_words.payload', 'item_count') }} as bigint), 1)
            as item_count,
        last_words.is_resolved,
        {{ payload_timestamp('last_words.payload', 'resolved_at') }} as resolved_at,
        {{ json_get('last_words.payload', 'resolution') }} as resolution,
        {{ json_get('last_words.payload', 'resolved_by') }} as resolved_by,
        last_words.opened_run_id,
        last_words.resolved_run_id,
        last_words.opened_source_hashes,
        last_words.block
    from last_words
)

select * from final
