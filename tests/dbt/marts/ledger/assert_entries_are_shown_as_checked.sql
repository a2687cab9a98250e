-- Invariants 4 and 5, once the block is sealed. Guards: fct_journal_entries shows exactly the lines
-- that were checked before the seal, with their amounts; all lines of an entry have one status; no
-- more entries of a match are released than the audit trail holds, and none without base amounts;
-- what the ledger took is shown as posted.
-- Breaks when: the mart multiplies or drops lines while it joins the audit trail and the ledger's
-- answers, or releases too early. In silence, an entry would be posted before its proof, or again.
{%- set kept = {
    'by': 'match_id',
    'read': {
        'fct_journal_entries': 'match_id',
        'int_journal_entries__due': 'match_id',
        'stg_ledger__posting_results': {
            'posting_key': 'select posting_key from intermediate.int_journal_entries__due '
            'where match_id in (from touched)',
        },
        'stg_tieout__journal_entries': {'subject_id': 'from touched'},
    },
    'asked': [
        'select match_id from intermediate.int_journal_entries__due where posting_key in '
        '(select posting_key from changes.stg_ledger__posting_results)',
        'select match_id from intermediate.int_journal_entries__due where posting_key in '
        '(select posting_key from staging.stg_ledger__posting_results '
        'where attempted_at > (select as_of from changes.last_run))',
    ],
} -%}
{{ config(
    tags=['after_seal'],
    meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_journal_entries'}}}
) }}

with

shown as (select * from {{ ref('fct_journal_entries') }}),

due as (select * from {{ ref('int_journal_entries__due') }}),

results as (
    select *
    from {{ ref('stg_ledger__posting_results') }}
    where attempted_at <= {{ as_of() }} and status = 'posted'
),

-- every line once from each side: what adds up to something else than 0 is in one of them alone
lines as (
    select
        due.posting_key,
        due.line_number,
        due.match_id,
        due.posting_date,
        due.account_code,
        due.currency,
        due.debit_amount,
        due.credit_amount,
        due.base_debit_amount,
        due.base_credit_amount,
        due.reverses_posting_key,
        due.posting_kind,
        1 as direction
    from due
    union all
    select
        shown.posting_key,
        shown.line_number,
        shown.match_id,
        shown.posting_date,
        shown.account_code,
        shown.currency,
        shown.debit_amount,
        shown.credit_amount,
        shown.base_debit_amount,
        shown.base_credit_amount,
        shown.reverses_posting_key,
        shown.posting_kind,
        -1 as direction
    from shown
),

differing_lines as (
    select
        lines.posting_key,
        lines.match_id
    from lines
    group by
        lines.posting_key,
        lines.line_number,
        lines.match_id,
        lines.posting_date,
        lines.account_code,
        lines.currency,
        lines.debit_amount,
        lines.credit_amount,
        lines.base_debit_amount,
        lines.base_credit_amount,
        lines.reverses_posting_key,
        lines.posting_kind
    having sum(lines.direction) <> 0
),

headers as (
    select
        shown.posting_key,
        min(shown.match_id) as match_id,
        count(distinct shown.posting_status) as status_count,
        min(shown.posting_status) as posting_status,
        min(shown.reverses_posting_key) as reverses_posting_key,
        count(*) - count(shown.posting_status) as missing_status_count,
        count(*) - count(shown.base_debit_amount) as missing_base_count
    from shown
    group by shown.posting_key
),

released as (
    select
        headers.match_id,
        sum(case when headers.reverses_posting_key is null then 1 else 0 end) as closing_count,
        sum(case when headers.reverses_posting_key is not null then 1 else 0 end)
            as reversal_count
    from headers
    where headers.posting_status is distinct from 'held'
    group by headers.match_id
),

sealed as (

    {{ sealed_decisions() }}

),

final as (
    select
        differing_lines.posting_key,
        differing_lines.match_id,
        'a line is not shown as it was checked' as failure
    from differing_lines
    union all
    select
        headers.posting_key,
        headers.match_id,
        'the lines of an entry have not one status' as failure
    from headers
    where headers.status_count <> 1 or headers.missing_status_count > 0
    union all
    select
        headers.posting_key,
        headers.match_id,
        'an entry without base amounts is not held' as failure
    from headers
    where headers.missing_base_count > 0 and headers.posting_status is distinct from 'held'
    union all
    select
        cast(null as {{ dbt.type_string() }}) as posting_key,
        released.match_id,
        'more entries of a match are released than are sealed' as failure
    from released
    left join sealed
        on released.match_id = sealed.match_id
    where
        released.closing_count > coalesce(sealed.closing_count, 0)
        or released.reversal_count > coalesce(sealed.reversal_count, 0)
    union all
    select distinct
        headers.posting_key,
        headers.match_id,
        'an entry that the ledger took is not shown as posted' as failure
    from headers
    inner join results
        on headers.posting_key = results.posting_key
    where headers.posting_status is distinct from 'posted'
)

select * from final
