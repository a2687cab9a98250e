-- The lines of every entry that is due, sealed or not, with its amounts. They are whole before the
-- seal, so invariants 4 and 5 stop a run while nothing of it is committed; whether an entry is
-- sealed and what the ledger says of it is shown by fct_journal_entries.
with

postings as (select * from {{ ref('int_postings__due') }}),

lines as (select * from {{ ref('int_journal_lines__coded') }}),

valued_lines as (select * from {{ ref('int_journal_lines__valued') }}),

entry_lines as (
    select
        postings.posting_key,
        postings.posting_event,
        postings.occurrence,
        postings.posting_date,
        postings.reverses_posting_key,
        lines.line_number,
        lines.account_code,
        lines.currency,
        lines.match_id,
        lines.memo,
        lines.reconciliation,
        lines.posting_kind,
        lines.item_type,
        lines.item_id,
        case when postings.posting_event = 'reversal' then -lines.amount else lines.amount end
            as amount,
        case
            when postings.posting_event = 'reversal' then -valued_lines.base_amount
            else valued_lines.base_amount
        end as base_amount,
        coalesce(valued_lines.base_currency, {{ reporting_currency() }}) as base_currency
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
        entry_lines.posting_event,
        entry_lines.occurrence,
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
        entry_lines.base_currency,
        entry_lines.match_id,
        entry_lines.memo,
        entry_lines.reverses_posting_key,
        entry_lines.reconciliation,
        entry_lines.posting_kind,
        entry_lines.item_type,
        entry_lines.item_id
    from entry_lines
    -- no exchange gain or loss
    where entry_lines.amount <> 0 or coalesce(entry_lines.base_amount, {{ zero() }}) <> 0
)

select * from final
