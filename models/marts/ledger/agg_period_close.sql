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

items as {{ read_in_place() }} (select * from {{ ref('fct_items') }}),

fx_rates as (select * from {{ ref('fct_fx_rates') }}),

cases as (
    select *
    from {{ ref('fct_exceptions') }}
    where is_case_lead and status <> 'resolved'
),

suggested as (
    select *
    from {{ ref('int_match_allocations') }}
    where not is_live and decision in ('suggested', 'pending_approval')
),

timed_matches as (select * from {{ ref('int_matches__timed') }}),

posting_results as (select * from {{ ref('stg_ledger__posting_results') }}),

journal_entries as {{ read_in_place() }} (select * from {{ ref('fct_journal_entries') }}),

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

answers as (select min(posting_results.posting_key) as posting_key from posting_results),

-- what is ready waits only where a ledger answers; each status by itself, as a scan can ask for it
waiting_entries as (
    select distinct
        journal_entries.posting_key,
        journal_entries.match_id,
        journal_entries.posting_status,
        'postings_failed' as check_code
    from journal_entries
    where journal_entries.posting_status <> 'posted' and journal_entries.posting_status <> 'ready'
    union all
    select distinct
        journal_entries.posting_key,
        journal_entries.match_id,
        journal_entries.posting_status,
        'postings_waiting' as check_code
    from journal_entries
    cross join answers
    where journal_entries.posting_status = 'ready' and answers.posting_key is not null
),

open_items as (
    select
        items.reconciliation,
        items.side,
        items.event_date,
        items.due_for_match_at,
        case
            when items.currency = reporting.currency then {{ as_amount('items.open_amount') }}
            else {{ as_amount('items.open_amount * fx_rates.rate') }}
        end as open_base_amount
    from items
    cross join reporting
    left join fx_rates
        on items.event_date = fx_rates.rate_date and items.currency = fx_rates.currency
    where items.status in ('open', 'partial', 'in_review')
),

-- items that are found by what is said of them; a match belongs to the month of its last item
named as (
    select
        case
            when cases.exception_type = 'unexplained_bank_line' then 'unexplained_bank_lines'
            else 'blocking_exceptions'
        end as check_code,
        cases.exception_id as found_id,
        cases.reconciliation,
        cases.side,
        cases.item_type,
        cases.item_id,
        abs(cases.base_amount) as base_amount
    from cases
    -- checks of their own look at statements and postings
    where
        cases.blocks_close
        and cases.exception_type
        not in ('statement_missing', 'control_total_mismatch', 'posting_failed')
    union all
    select
        'suggestions_waiting' as check_code,
        suggested.match_id as found_id,
        suggested.reconciliation,
        suggested.side,
        suggested.item_type,
        suggested.item_id,
        cast(null as {{ amount_type() }}) as base_amount
    from suggested
),

findings as (
    select
        named.check_code,
        max(items.event_date) as found_on,
        max(named.base_amount) as base_amount
    from named
    inner join items
        on
            named.reconciliation = items.reconciliation
            and named.side = items.side
            and named.item_type = items.item_type
            and named.item_id = items.item_id
    group by named.check_code, named.found_id
    union all
    select
        'items_past_window' as check_code,
        open_items.event_date as found_on,
        abs(open_items.open_base_amount) as base_amount
    from open_items
    where open_items.due_for_match_at <= {{ as_of() }}
    union all
    select
        waiting_entries.check_code,
        timed_matches.completed_on as found_on,
        cast(null as {{ amount_type() }}) as base_amount
    from waiting_entries
    inner join timed_matches
        on waiting_entries.match_id = timed_matches.match_id
    union all
    select
        'unapplied_receipts' as check_code,
        open_items.event_date as found_on,
        open_items.open_base_amount as base_amount
    from open_items
    where open_items.reconciliation = 'invoice_to_receipt' and open_items.side = 'actual'
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
