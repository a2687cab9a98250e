-- Invariant 5, before anything is committed. Guards: a posting key stands for one entry of one
-- match, is posted at most once, and no closing or reversal of a match has two keys; what the
-- ledger took still has an entry, so that a replay neither loses nor repeats a posting; a reversal
-- takes back exactly one entry and its amounts.
-- Breaks when: the key covers something that changes between runs (an account, a rate, a row order)
-- or leaves out something that tells two postings apart. In silence, a retry would post twice.
{#- by match, or by the key where no entry has it; what the last run sealed was due in it -#}
{%- set of_touched -%}
    select posting_key from intermediate.int_journal_entries__due where match_id in (from touched)
    union all from touched
{%- endset -%}
{%- set changed_keys -%}
    select posting_key from changes.int_journal_entries__due
    union all select posting_key from changes.stg_ledger__posting_results
    union all select posting_key from staging.stg_ledger__posting_results
    where attempted_at > (select as_of from changes.last_run)
{%- endset -%}
{%- set kept = {
    'by': 'subject_id',
    'read': {
        'fct_matches': 'match_id',
        'int_journal_entries__due': {'match_id': 'from touched', 'posting_key': of_touched},
        'stg_ledger__posting_results': {'posting_key': of_touched},
        'stg_tieout__journal_entries': {'subject_id': 'from touched'},
    },
    'asked': [
        'select match_id from changes.int_journal_entries__due',
        'select match_id from intermediate.int_journal_entries__due '
        ~ 'where posting_key in (' ~ changed_keys ~ ')',
        changed_keys,
    ],
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'int_journal_entries__due'}}}) }}

with

entries as (select * from {{ ref('int_journal_entries__due') }}),

results as (
    select *
    from {{ ref('stg_ledger__posting_results') }}
    where attempted_at <= {{ as_of() }}
),

matches as (
    select
        matches.match_id,
        max(case when matches.is_live then 1 else 0 end) as live_count
    from {{ ref('fct_matches') }} as matches
    group by matches.match_id
),

headers as (
    select
        entries.posting_key,
        count(distinct entries.match_id) as match_count,
        count(distinct entries.posting_date) as date_count,
        count(*) as line_count,
        count(distinct entries.line_number) as number_count,
        min(entries.match_id) as match_id,
        min(entries.reverses_posting_key) as reverses_posting_key,
        sum(entries.debit_amount) as debit_amount,
        sum(entries.base_debit_amount) as base_debit_amount
    from entries
    group by entries.posting_key
),

match_postings as (
    select
        headers.match_id,
        sum(case when headers.reverses_posting_key is null then 1 else 0 end) as closing_count,
        sum(case when headers.reverses_posting_key is not null then 1 else 0 end)
            as reversal_count
    from headers
    group by headers.match_id
),

sealed as (

    {{ sealed_decisions() }}

),

posted as (
    select
        results.posting_key,
        count(distinct coalesce(results.external_id, '')) as external_id_count
    from results
    where results.status = 'posted'
    group by results.posting_key
),

failures as (
    select
        headers.posting_key,
        headers.match_id,
        'a posting key stands for two entries' as failure
    from headers
    where
        headers.posting_key is null
        or headers.match_count <> 1
        or headers.date_count <> 1
        or headers.number_count <> headers.line_count
    union all
    select
        posted.posting_key,
        headers.match_id,
        'a posting key was posted twice' as failure
    from posted
    inner join headers
        on posted.posting_key = headers.posting_key
    where posted.external_id_count > 1
    union all
    select
        posted.posting_key,
        cast(null as {{ dbt.type_string() }}) as match_id,
        'an entry that the ledger took is gone' as failure
    from posted
    left join headers
        on posted.posting_key = headers.posting_key
    where
        headers.posting_key is null
        -- results of other systems may land here; only SHA-256 keys can be ours
        and length(posted.posting_key) = 64
    union all
    select
        cast(null as {{ dbt.type_string() }}) as posting_key,
        match_postings.match_id,
        'a match has not one entry for each closing and reversal' as failure
    from match_postings
    left join matches
        on match_postings.match_id = matches.match_id
    left join sealed
        on match_postings.match_id = sealed.match_id
    where
        -- each reversal takes back a closing, and a match that counts has one more
        (match_postings.closing_count - match_postings.reversal_count)
        is distinct from coalesce(matches.live_count, 0)
        -- this run adds one of each at most
        or match_postings.closing_count < coalesce(sealed.closing_count, 0)
        or match_postings.closing_count > coalesce(sealed.closing_count, 0) + 1
        or match_postings.reversal_count < coalesce(sealed.reversal_count, 0)
        or match_postings.reversal_count > coalesce(sealed.reversal_count, 0) + 1
    union all
    select
        headers.posting_key,
        headers.match_id,
        'a reversal does not take back one entry in full' as failure
    from headers
    left join headers as reversed_headers
        on headers.reverses_posting_key = reversed_headers.posting_key
    where
        headers.reverses_posting_key is not null
        and (
            reversed_headers.match_id is distinct from headers.match_id
            or reversed_headers.debit_amount is distinct from headers.debit_amount
            or reversed_headers.base_debit_amount is distinct from headers.base_debit_amount
        )
    union all
    select
        min(headers.posting_key) as posting_key,
        headers.match_id,
        'an entry is reversed twice' as failure
    from headers
    where headers.reverses_posting_key is not null
    group by headers.match_id, headers.reverses_posting_key
    having count(*) > 1
),

final as (
    select
        failures.*,
        coalesce(failures.match_id, failures.posting_key) as subject_id
    from failures
)

select * from final
