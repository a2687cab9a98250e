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
pauses as (
    select *
    from {{ ref('int_controls__in_force') }}
    where kind = 'posting_paused'
),

-- (few are paused, mostly none: these come first, and nothing else is read where there are none)
paused_rules as (
    select
        decided.match_id,
        pauses.control_id
    from {{ ref('int_matches__decided') }} as decided
    inner join pauses
        on decided.rule_id = pauses.rule_id
),

paused_items as (
    select
        items.reconciliation,
        items.item_type,
        items.item_id,
        pauses.control_id
    from {{ ref('int_items') }} as items
    inner join pauses
        on items.party_id = pauses.customer_id
    inner join {{ ref('reconciliations') }} as reconciliations
        on
            items.reconciliation = reconciliations.name
            and reconciliations.party_kind = 'customer'
),

-- an entry is held whole: one of its items is the customer's, and its match was made by the rule
paused_entries as (
    select distinct entry_lines.posting_key
    from entry_lines
    cross join pauses
    left join paused_rules
        on
            entry_lines.match_id = paused_rules.match_id
            and pauses.control_id = paused_rules.control_id
    left join paused_items
        on
            entry_lines.reconciliation = paused_items.reconciliation
            and entry_lines.item_type = paused_items.item_type
            and entry_lines.item_id = paused_items.item_id
            and pauses.control_id = paused_items.control_id
    where
        (pauses.rule_id = '*' or paused_rules.match_id is not null)
        and (pauses.customer_id = '*' or paused_items.item_id is not null)
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
            when paused_entries.posting_key is not null then 'held'
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
    left join paused_entries
        on entry_lines.posting_key = paused_entries.posting_key
    left join sealed
        on entry_lines.match_id = sealed.match_id
    left join outcomes
        on entry_lines.posting_key = outcomes.posting_key
)

select * from final
