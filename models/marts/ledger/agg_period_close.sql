-- What stands between each month and its close: a count for every check of the seed close_checks.
-- An item counts from the month of its date on, for as long as it is not mended.
{{ config(tags=['after_seal']) }}

with

checks as (select * from {{ ref('close_checks') }}),

bank_reconciliations as (select * from {{ ref('agg_bank_reconciliations') }}),

reporting as (
    select
        run_context.reporting_currency as currency,
        currencies.minor_digits
    from {{ ref('stg_tieout__run_context') }} as run_context
    left join {{ ref('currencies') }} as currencies
        on run_context.reporting_currency = currencies.code
),

items as {{ read_in_place() }} (
    select
        items.*,
        case
            when items.currency = {{ reporting_currency() }} then cast(1 as {{ amount_type() }})
            else fx_rates.rate
        end as rate
    from {{ ref('fct_items') }} as items
    left join {{ ref('fct_fx_rates') }} as fx_rates
        on items.event_date = fx_rates.rate_date and items.currency = fx_rates.currency
),

cases as (
    select *
    from {{ ref('fct_exceptions') }}
    where is_case_lead and status <> 'resolved'
),

allocations as (select * from {{ ref('fct_match_allocations') }}),

matches as (select * from {{ ref('fct_matches') }}),

posting_results as (select * from {{ ref('stg_ledger__posting_results') }}),

journal_entries as (
    select distinct
        posting_key,
        match_id,
        posting_status
    from {{ ref('fct_journal_entries') }}
    where
        posting_status <> 'posted'
        -- what is ready waits only where a ledger answers
        and (posting_status <> 'ready' or exists (select 1 as answer from posting_results))
),

quarantine as (
    select *
    from {{ ref('fct_quarantine') }}
    where resolved_by_batch_id is null
),

periods as (
    select
        dates.month_start_date as period_start,
        max(dates.date_day) as period_end
    from {{ ref('dim_dates') }} as dates
    where
        dates.month_start_date <= {{ as_of_date() }}
        and dates.month_start_date > cast({{ add_days(as_of_date(), -731) }} as date)
    group by dates.month_start_date
),

-- of the few that wait, before all items are looked at
waiting as {{ materialized() }} (
    select
        matches.match_id,
        matches.decision
    from matches
    where
        matches.decision in ('suggested', 'pending_approval')
        or matches.match_id in (select journal_entries.match_id from journal_entries)
),

-- a match belongs to the month of its last item
waiting_matches as (
    select
        waiting.match_id,
        waiting.decision,
        max(items.event_date) as completed_on
    from waiting
    inner join allocations
        on waiting.match_id = allocations.match_id
    inner join items
        on
            allocations.reconciliation = items.reconciliation
            and allocations.side = items.side
            and allocations.item_type = items.item_type
            and allocations.item_id = items.item_id
    group by waiting.match_id, waiting.decision
),

findings as (
    select
        case
            when cases.exception_type = 'unexplained_bank_line' then 'unexplained_bank_lines'
            else 'blocking_exceptions'
        end as check_code,
        items.event_date as found_on,
        abs(cases.base_amount) as base_amount
    from cases
    inner join items
        on
            cases.reconciliation = items.reconciliation
            and cases.side = items.side
            and cases.item_type = items.item_type
            and cases.item_id = items.item_id
    -- checks of their own look at statements and postings
    where
        cases.blocks_close
        and cases.exception_type
        not in ('statement_missing', 'control_total_mismatch', 'posting_failed')
    union all
    select
        'items_past_window' as check_code,
        items.event_date as found_on,
        {{ as_amount('abs(items.open_amount) * items.rate') }} as base_amount
    from items
    where
        items.status in ('open', 'partial', 'in_review')
        and items.due_for_match_at <= {{ as_of() }}
    union all
    select
        'suggestions_waiting' as check_code,
        waiting_matches.completed_on as found_on,
        cast(null as {{ amount_type() }}) as base_amount
    from waiting_matches
    where waiting_matches.decision in ('suggested', 'pending_approval')
    union all
    select
        case journal_entries.posting_status
            when 'ready' then 'postings_waiting' else 'postings_failed'
        end as check_code,
        waiting_matches.completed_on as found_on,
        cast(null as {{ amount_type() }}) as base_amount
    from journal_entries
    inner join waiting_matches
        on journal_entries.match_id = waiting_matches.match_id
    union all
    select
        'unapplied_receipts' as check_code,
        items.event_date as found_on,
        {{ as_amount('items.open_amount * items.rate') }} as base_amount
    from items
    where
        items.reconciliation = 'invoice_to_receipt'
        and items.side = 'actual'
        and items.status in ('open', 'partial', 'in_review')
    union all
    select
        'quarantined_rows' as check_code,
        (select min(periods.period_start) from periods) as found_on,
        cast(null as {{ amount_type() }}) as base_amount
    from quarantine
),

found_in as (
    select
        findings.check_code,
        {{ month_start('findings.found_on') }} as found_month,
        count(*) as item_count,
        sum(findings.base_amount) as base_amount
    from findings
    group by findings.check_code, {{ month_start('findings.found_on') }}
),

counted as (
    select
        periods.period_start,
        found_in.check_code,
        sum(found_in.item_count) as item_count,
        sum(found_in.base_amount) as base_amount
    from periods
    inner join found_in
        on periods.period_start >= found_in.found_month
    group by periods.period_start, found_in.check_code
    union all
    select
        periods.period_start,
        'period_over' as check_code,
        greatest({{ days_between(as_of_date(), 'periods.period_end') }} + 1, 0) as item_count,
        cast(null as {{ amount_type() }}) as base_amount
    from periods
    union all
    {%- for check, condition in [
        ('statements_reach_end', 'covered_until < period_end'),
        ('balances_proved', 'statements = 0'),
        ('bank_to_books', 'unexplained_difference <> 0'),
    ] %}
    select
        bank_reconciliations.period_start,
        '{{ check }}' as check_code,
        sum(case when {{ condition }} then 1 else 0 end) as item_count,
        cast(null as {{ amount_type() }}) as base_amount
    from bank_reconciliations
    group by bank_reconciliations.period_start
    union all
    {%- endfor %}
    {%- for check, count in [
        ('statement_chain', 'statement_gaps'),
        ('statement_totals', 'statements_not_adding_up'),
        ('outstanding_items', 'at_bank_only_items + in_books_only_items'),
    ] %}
    select
        bank_reconciliations.period_start,
        '{{ check }}' as check_code,
        sum({{ count }}) as item_count,
        {%- if check == 'outstanding_items' %}
        sum(coalesce(in_books_only_base, 0) - coalesce(at_bank_only_base, 0)) as base_amount
        {%- else %}
        cast(null as {{ amount_type() }}) as base_amount
        {%- endif %}
    from bank_reconciliations
    group by bank_reconciliations.period_start
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- what a company does not have is not checked
banking as (
    select
        count(*) as accounts,
        sum(case when bank_reconciliations.statements > 0 then 1 else 0 end) as with_statements,
        sum(case when bank_reconciliations.is_in_books then 1 else 0 end) as in_books
    from bank_reconciliations
),

posting as (
    select count(*) as answers
    from posting_results
),

lacking as (
    select checks.check_code
    from checks
    cross join banking
    cross join posting
    where
        case checks.check_code
            when 'statements_reach_end' then coalesce(banking.with_statements, 0)
            when 'statement_chain' then coalesce(banking.with_statements, 0)
            when 'statement_totals' then coalesce(banking.with_statements, 0)
            when 'balances_proved' then banking.accounts
            when 'bank_to_books' then coalesce(banking.in_books, 0)
            when 'outstanding_items' then coalesce(banking.in_books, 0)
            when 'postings_waiting' then posting.answers
            else 1
        end = 0
),

judged as (
    select
        periods.period_start,
        periods.period_end,
        checks.check_code,
        checks.position,
        checks.title,
        checks.meaning,
        checks.blocks_close,
        coalesce(counted.item_count, 0) as item_count,
        case when counted.item_count = 1 then checks.counted_one else checks.counted_many end
            as counted,
        case when counted.item_count = 1 then checks.phrase_one else checks.phrase_many end
            as phrase,
        counted.base_amount,
        case
            when lacking.check_code is not null then 'not_applicable'
            when coalesce(counted.item_count, 0) = 0 then 'passed'
            when checks.blocks_close then 'blocks'
            else 'watch'
        end as status
    from periods
    cross join checks
    left join counted
        on
            periods.period_start = counted.period_start
            and checks.check_code = counted.check_code
    left join lacking
        on checks.check_code = lacking.check_code
),

final as (
    select
        judged.period_start,
        judged.period_end,
        judged.check_code,
        judged.position,
        judged.title,
        judged.meaning,
        judged.blocks_close,
        judged.status,
        cast(judged.item_count as bigint) as item_count,
        judged.counted,
        judged.phrase,
        {{ round_amount('judged.base_amount', 'reporting.minor_digits') }} as base_amount,
        reporting.currency
    from judged
    cross join reporting
)

select * from final
