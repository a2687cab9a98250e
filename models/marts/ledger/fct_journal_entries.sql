-- The entries that were checked before the seal (int_journal_entries__due), with what is known only
-- after it: whether the audit trail holds their decision, and what the ledger says.
{{ config(tags=['after_seal']) }}

with

entry_lines as (select * from {{ ref('int_journal_entries__due') }}),

sealed as (

    {{ sealed_decisions() }}

),

results as (
    select *
    from {{ ref('stg_ledger__posting_results') }}
    where attempted_at <= {{ as_of() }}
),

-- what is posted already stays so, and what has failed waits for a person either way
posting_paused as (
    select count(*) > 0 as is_paused
    from {{ ref('int_controls__in_force') }} as controls
    where controls.kind = 'posting_paused'
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

final as (
    select
        entry_lines.posting_key,
        entry_lines.line_number,
        entry_lines.posting_date,
        entry_lines.account_code,
        entry_lines.debit_amount,
        entry_lines.credit_amount,
        entry_lines.currency,
        entry_lines.base_debit_amount,
        entry_lines.base_credit_amount,
        entry_lines.base_currency,
        entry_lines.match_id,
        entry_lines.memo,
        case
            when outcomes.is_posted then 'posted'
            when outcomes.posting_key is not null then 'failed'
            when entry_lines.occurrence > coalesce(
                case entry_lines.posting_event
                    when 'closing' then sealed.closing_count
                    else sealed.reversal_count
                end,
                0
            ) then 'held'
            when entry_lines.base_debit_amount is null then 'held'
            when posting_paused.is_paused then 'held'
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
    cross join posting_paused
    left join sealed
        on entry_lines.match_id = sealed.match_id
    left join outcomes
        on entry_lines.posting_key = outcomes.posting_key
)

select * from final
