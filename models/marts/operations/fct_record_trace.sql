{{ config(tags=['after_seal']) }}

with

items as (select * from {{ ref('int_items__balanced') }}),

runs as (select * from {{ ref('stg_tieout__runs') }}),

batches as (
    select
        classified.*,
        runs.run_id
    from {{ ref('int_batches__classified') }} as classified
    left join runs
        on classified.run_sequence = runs.run_sequence
),

-- lines of invoices, most of what lands, are no items
landed_records as (
    select *
    from {{ ref('stg_tieout__landed_records') }}
    where feed <> 'billing_invoice_lines'
),

quarantine as (
    select *
    from {{ ref('int_quarantine__resolved') }}
    where not is_file
),

matches as (select * from {{ ref('int_matches__decided') }}),

sealed_matches as (select * from {{ ref('int_journal__matches') }}),

allocations as (select * from {{ ref('int_match_allocations') }}),

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

journal_entries as (select * from {{ ref('fct_journal_entries') }}),

-- a record may be an item of several reconciliations: it landed once
records as (
    select
        items.feed,
        items.item_type,
        items.item_id,
        min(items.batch_id) as batch_id
    from items
    group by items.feed, items.item_type, items.item_id
),

contested_keys as (
    select
        landed_records.feed,
        landed_records.record_key
    from landed_records
    where landed_records.feed in (select distinct items.feed from items)
    group by landed_records.feed, landed_records.record_key
    having count(*) > 1
),

versions as (
    select
        contested_keys.feed,
        contested_keys.record_key,
        landed_records.batch_id,
        row_number() over (
            partition by contested_keys.feed, contested_keys.record_key
            order by
                landed_records.run_sequence asc nulls last,
                landed_records.batch_id asc nulls last,
                landed_records.row_number asc nulls last
        ) as version
    from contested_keys
    inner join landed_records
        on
            contested_keys.feed = landed_records.feed
            and contested_keys.record_key = landed_records.record_key
),

record_versions as (
    select
        records.feed,
        records.item_type,
        records.item_id,
        coalesce(versions.batch_id, records.batch_id) as batch_id,
        coalesce(versions.version, 1) as version
    from records
    left join versions
        on
            records.feed = versions.feed
            and records.item_id = versions.record_key
),

-- ids, codes and hashes need no escaping inside JSON; file names and reasons do
landed as (
    select
        record_versions.item_type,
        record_versions.item_id,
        batches.ingested_at as occurred_at,
        1 as step,
        'landed' as event,
        '{"batch_id":"' || record_versions.batch_id || '","version":"'
        || cast(record_versions.version as {{ dbt.type_string() }}) || '"}' as detail,
        batches.run_id
    from record_versions
    inner join batches
        on
            record_versions.batch_id = batches.batch_id
            and record_versions.feed = batches.record_feed
),

quarantined as (
    select
        records.item_type,
        records.item_id,
        quarantine.quarantined_at as occurred_at,
        0 as step,
        'quarantined' as event,
        {{ json_object([
            ['batch_id', 'quarantine.batch_id'],
            ['column_name', 'quarantine.column_name'],
            ['file_name', 'quarantine.file_name'],
            ['line_number', 'quarantine.line_number'],
            ['reason', 'quarantine.reason'],
        ]) }} as detail,
        batches.run_id
    from quarantine
    inner join records
        on
            {{ record_feed('quarantine.feed') }} = records.feed
            and quarantine.row_key = records.item_id
    left join batches
        on
            quarantine.batch_id = batches.batch_id
            and quarantine.feed = batches.feed
),

-- a copy says of which document it is one
called_duplicates as (
    select
        duplicate_items.item_type,
        duplicate_items.item_id,
        batches.ingested_at as occurred_at,
        2 as step,
        case
            when duplicate_items.condition = 'set_aside_as_duplicate' then 'set_aside'
            else 'suspected'
        end as event,
        {{ json_object([
            ['original', 'duplicate_items.original_item_id'],
            ['reason', "'duplicate'"],
            ['rule_id', 'duplicate_items.rule_id'],
        ]) }} as detail,
        batches.run_id
    from {{ ref('int_exceptions__duplicate_items') }} as duplicate_items
    inner join items
        on duplicate_items.item_key = items.item_key
    inner join batches
        on items.batch_id = batches.batch_id and items.feed = batches.record_feed
    where duplicate_items.rule_id is not null
),

-- both lines of a conversion say which is the other
converted as (
    select
        items.item_type,
        items.item_id,
        batches.ingested_at as occurred_at,
        2 as step,
        'set_aside' as event,
        {{ json_object([
            ['other', 'conversions.other_item_id'],
            ['reason', "'own_transfer'"],
            ['reference', 'conversions.reference'],
        ]) }} as detail,
        batches.run_id
    from {{ ref('int_bank_transactions__conversions') }} as conversions
    inner join items
        on conversions.item_id = items.item_id
    inner join batches
        on items.batch_id = batches.batch_id and items.feed = batches.record_feed
    where items.set_aside_reason = 'own_transfer'
),

-- the deadline is an event only for an item that was seen open at it
became_due as (
    select distinct
        items.item_type,
        items.item_id,
        items.due_for_match_at as occurred_at,
        2 as step,
        'became_due' as event,
        '{"reconciliation":"' || items.reconciliation || '"}' as detail,
        cast(null as {{ dbt.type_string() }}) as run_id
    from items
    inner join lifecycle
        on items.item_key = lifecycle.item_key
    where items.due_for_match_at <= {{ as_of() }}
),

-- a reversed match was made before it was reversed
match_moments as (
    select
        matches.match_id,
        coalesce(matches.decided_at, {{ as_of() }}) as occurred_at,
        case when matches.decision = 'reversed' then 4 else 3 end as step,
        case
            when matches.is_live then 'matched'
            when matches.decision in ('suggested', 'pending_approval') then 'suggested'
            else matches.decision
        end as event,
        '{"decision":"' || matches.decision || '","match_id":"' || matches.match_id
        || '","reconciliation":"' || matches.reconciliation || '","rule_id":"'
        || coalesce(matches.rule_id, '') || '"}' as detail,
        coalesce(matches.run_id, {{ run_id() }}) as run_id
    from matches
    union all
    select
        matches.match_id,
        sealed_matches.decided_at as occurred_at,
        3 as step,
        'matched' as event,
        '{"decision":"' || sealed_matches.decision || '","match_id":"' || matches.match_id
        || '","reconciliation":"' || matches.reconciliation || '","rule_id":"'
        || coalesce(matches.rule_id, '') || '"}' as detail,
        sealed_matches.run_id
    from matches
    inner join sealed_matches
        on matches.match_id = sealed_matches.match_id
    where matches.decision = 'reversed'
),

matched as (
    select
        allocations.item_type,
        allocations.item_id,
        match_moments.occurred_at,
        match_moments.step,
        match_moments.event,
        match_moments.detail,
        match_moments.run_id
    from match_moments
    inner join allocations
        on match_moments.match_id = allocations.match_id
),

exceptions_opened as (
    select
        lifecycle.item_type,
        lifecycle.item_id,
        lifecycle.opened_at as occurred_at,
        5 as step,
        'exception_opened' as event,
        '{"exception_id":"' || lifecycle.exception_id || '","exception_type":"'
        || lifecycle.exception_type || '","reconciliation":"' || lifecycle.reconciliation
        || '"}' as detail,
        lifecycle.opened_run_id as run_id
    from lifecycle
),

exceptions_resolved as (
    select
        lifecycle.item_type,
        lifecycle.item_id,
        lifecycle.resolved_at as occurred_at,
        6 as step,
        'exception_resolved' as event,
        {{ json_object([
            ['exception_id', 'lifecycle.exception_id'],
            ['reconciliation', 'lifecycle.reconciliation'],
            ['resolution', 'lifecycle.resolution'],
            ['resolved_by', 'lifecycle.resolved_by'],
        ]) }} as detail,
        lifecycle.resolved_run_id as run_id
    from lifecycle
    where lifecycle.resolved_at is not null
),

postings as (
    select
        journal_entries.match_id,
        journal_entries.posting_key,
        min(journal_entries.posted_at) as posted_at
    from journal_entries
    where journal_entries.posting_status = 'posted' and journal_entries.posted_at is not null
    group by journal_entries.match_id, journal_entries.posting_key
),

posted as (
    select distinct
        allocations.item_type,
        allocations.item_id,
        postings.posted_at as occurred_at,
        7 as step,
        'posted' as event,
        '{"match_id":"' || postings.match_id || '","posting_key":"' || postings.posting_key
        || '"}' as detail,
        cast(null as {{ dbt.type_string() }}) as run_id
    from postings
    inner join allocations
        on postings.match_id = allocations.match_id
),

events as (
    select * from landed
    union all
    select * from quarantined
    union all
    select * from called_duplicates
    union all
    select * from converted
    union all
    select * from became_due
    union all
    select * from matched
    union all
    select * from exceptions_opened
    union all
    select * from exceptions_resolved
    union all
    select * from posted
),

final as (
    select
        events.item_type,
        events.item_id,
        cast(
            row_number() over (
                partition by events.item_type, events.item_id
                order by
                    events.occurred_at asc nulls last,
                    events.step asc nulls last,
                    events.detail asc nulls last
            ) as bigint
        ) as position,
        events.occurred_at,
        events.event,
        events.detail,
        events.run_id
    from events
)

select * from final
