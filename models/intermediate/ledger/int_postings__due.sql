-- Every closing of a match is posted once, every reversal of it once more with the sides swapped. A
-- match that was closed, reversed and closed again has the occurrences 1 and 2 of both. The key of
-- what is sealed follows from the sealed lines, so nothing that changes later changes it. What this
-- run decides is due beside what the audit trail holds, so the rows are the same before the seal,
-- when they are checked, and after it.

with

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where is_live or decision = 'reversed'
),

entries as (
    select *
    from {{ ref('stg_tieout__journal_entries') }}
    where entry_type in ('match_closed', 'match_reversed')
),

lines as (select * from {{ ref('int_journal_lines__coded') }}),

sealed as (
    select
        entries.subject_id as match_id,
        case when entries.entry_type = 'match_closed' then 'closing' else 'reversal' end
            as posting_event,
        entries.occurred_at,
        cast(
            row_number() over (
                partition by entries.subject_id, entries.entry_type
                order by entries.block nulls last, entries.position nulls last
            ) as bigint
        ) as occurrence
    from entries
),

counted as (
    select
        sealed.match_id,
        sum(case when sealed.posting_event = 'closing' then 1 else 0 end) as closings,
        sum(case when sealed.posting_event = 'reversal' then 1 else 0 end) as reversals
    from sealed
    group by sealed.match_id
),

unsealed_closings as (
    select
        matches.match_id,
        'closing' as posting_event,
        matches.decided_at as occurred_at,
        cast(coalesce(counted.closings, 0) + 1 as bigint) as occurrence
    from matches
    left join counted
        on matches.match_id = counted.match_id
    where matches.is_live and coalesce(counted.closings, 0) = coalesce(counted.reversals, 0)
),

unsealed_reversals as (
    select
        matches.match_id,
        'reversal' as posting_event,
        matches.decided_at as occurred_at,
        cast(counted.closings as bigint) as occurrence
    from matches
    inner join counted
        on matches.match_id = counted.match_id
    where not matches.is_live and counted.closings > counted.reversals
),

events as (
    select
        sealed.match_id,
        sealed.posting_event,
        sealed.occurred_at,
        sealed.occurrence
    from sealed
    union all
    select
        unsealed_closings.match_id,
        unsealed_closings.posting_event,
        unsealed_closings.occurred_at,
        unsealed_closings.occurrence
    from unsealed_closings
    union all
    select
        unsealed_reversals.match_id,
        unsealed_reversals.posting_event,
        unsealed_reversals.occurred_at,
        unsealed_reversals.occurrence
    from unsealed_reversals
),

-- what is posted: documents and amounts. Accounts and exchange rates are left out, so that a
-- corrected mapping or rate never posts the same money under a second key.
contents as (
    select
        lines.match_id,
        {{ list_to_text(
            "array_sort(array_agg(concat_ws('|', lines.posting_kind,"
            ~ " coalesce(lines.item_type, ''), coalesce(lines.item_id, ''), lines.currency, "
            ~ amount_text('lines.amount') ~ ")))",
            ';'
        ) }} as content
    from lines
    group by lines.match_id
),

keyed as (
    select
        events.match_id,
        events.posting_event,
        events.occurrence,
        events.occurred_at,
        {{ sha256_hex(
            "concat_ws('|', 'tieout posting 1', events.match_id, events.posting_event,"
            ~ " cast(events.occurrence as " ~ dbt.type_string() ~ "), contents.content)"
        ) }} as posting_key
    from events
    inner join contents
        on events.match_id = contents.match_id
),

closings as (
    select *
    from keyed
    where posting_event = 'closing'
),

-- a reversal takes back the base amounts of what it reverses
reversals as (
    select
        keyed.*,
        closings.posting_key as reverses_posting_key,
        closings.occurred_at as closed_at
    from keyed
    inner join closings
        on keyed.match_id = closings.match_id and keyed.occurrence = closings.occurrence
    where keyed.posting_event = 'reversal'
),

final as (
    select
        closings.posting_key,
        closings.match_id,
        closings.posting_event,
        closings.occurrence,
        cast(closings.occurred_at as date) as posting_date,
        cast(closings.occurred_at as date) as rate_date,
        cast(null as {{ dbt.type_string() }}) as reverses_posting_key
    from closings
    union all
    select
        reversals.posting_key,
        reversals.match_id,
        reversals.posting_event,
        reversals.occurrence,
        cast(reversals.occurred_at as date) as posting_date,
        cast(reversals.closed_at as date) as rate_date,
        reversals.reverses_posting_key
    from reversals
)

select * from final
