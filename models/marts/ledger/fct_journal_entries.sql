{{ config(tags=['after_seal']) }}

with

postings as (select * from {{ ref('int_postings__due') }}),

lines as (select * from {{ ref('int_journal_lines__coded') }}),

valued_lines as (select * from {{ ref('int_journal_lines__valued') }}),

results as (
    select *
    from {{ ref('stg_ledger__posting_results') }}
    where attempted_at <= {{ as_of() }}
),

-- a ledger that has once taken an entry has it; else the latest attempt says how it stands
outcomes as (
    select
        results.posting_key,
        count(*) as attempts,
        max(case when results.status = 'posted' then 1 else 0 end) = 1 as is_posted,
        min_by(results.external_id, results.attempt) filter (where results.status = 'posted')
            as external_id,
        min(case when results.status = 'posted' then results.attempted_at end) as posted_at,
        max_by(coalesce(results.error, results.status), results.attempt) as last_error
    from results
    group by results.posting_key
),

entry_lines as (
    select
        postings.posting_key,
        lines.line_number,
        postings.posting_date,
        lines.account_code,
        lines.currency,
        lines.match_id,
        lines.memo,
        lines.reconciliation,
        lines.posting_kind,
        lines.item_type,
        lines.item_id,
        postings.posting_event,
        postings.reverses_posting_key,
        postings.is_sealed,
        case when postings.posting_event = 'reversal' then -lines.amount else lines.amount end
            as amount,
        case
            when postings.posting_event = 'reversal' then -valued_lines.base_amount
            else valued_lines.base_amount
        end as base_amount
    from postings
    inner join lines
        on postings.match_id = lines.match_id
    left join valued_lines
        on
            postings.match_id = valued_lines.match_id
            and postings.occurrence = valued_lines.occurrence
            and lines.line_number = valued_lines.line_number
),

final as (
    select
        entry_lines.posting_key,
        entry_lines.line_number,
        entry_lines.posting_date,
        entry_lines.account_code,
        greatest(entry_lines.amount, {{ zero() }}) as debit_amount,
        greatest(-entry_lines.amount, {{ zero() }}) as credit_amount,
        entry_lines.currency,
        case
            when entry_lines.base_amount is not null
                then greatest(entry_lines.base_amount, {{ zero() }})
        end as base_debit_amount,
        case
            when entry_lines.base_amount is not null
                then greatest(-entry_lines.base_amount, {{ zero() }})
        end as base_credit_amount,
        {{ reporting_currency() }} as base_currency,
        entry_lines.match_id,
        entry_lines.memo,
        case
            when outcomes.is_posted then 'posted'
            when outcomes.posting_key is not null then 'failed'
            when not entry_lines.is_sealed then 'held'
            when entry_lines.base_amount is null then 'held'
            else 'ready'
        end as posting_status,
        coalesce(outcomes.attempts, 0) as attempts,
        outcomes.external_id,
        outcomes.posted_at,
        case when not outcomes.is_posted then outcomes.last_error end as last_error,
        entry_lines.reverses_posting_key,
        entry_lines.reconciliation,
        entry_lines.posting_kind,
        entry_lines.item_type,
        entry_lines.item_id
    from entry_lines
    left join outcomes
        on entry_lines.posting_key = outcomes.posting_key
    -- no exchange gain or loss
    where entry_lines.amount <> 0 or coalesce(entry_lines.base_amount, {{ zero() }}) <> 0
)

select * from final
