-- Invariant 1, for the figures that a company is led by. Guards: up to every day, what is invoiced,
-- collected, matched and open adds up to the items of receivables and their live matches, in the
-- reporting currency, to the minor unit, and invoiced = matched + adjusted + open; on the last day,
-- what is overdue is what documents past their due date leave open, and what is at risk is that of
-- open cases.
-- Breaks when: a day is missing from the series, a movement is counted on two days or in two
-- measures, or days are rounded one by one. In silence, the headline would not be the sum of the
-- rows that it leads to.
{{ config(meta={'dagster': {'ref': {'name': 'agg_executive_daily'}}}) }}

{% set running_figures = [
    'shown_invoiced', 'shown_collected', 'shown_matched', 'shown_adjusted',
    'invoiced', 'collected', 'matched', 'adjusted', 'overdue',
] %}
{% set compared_figures = [
    'shown_invoiced', 'held_invoiced', 'shown_collected', 'held_collected', 'shown_matched',
    'held_matched', 'shown_adjusted', 'shown_open', 'held_open', 'shown_overdue', 'held_overdue',
] %}

with

daily as (select * from {{ ref('agg_executive_daily') }}),

items as {{ read_in_place() }} (
    select *
    from {{ ref('fct_items') }}
    where reconciliation = 'invoice_to_receipt' and status <> 'set_aside'
),

invoices as (select * from {{ ref('fct_invoices') }}),

allocations as (
    select *
    from {{ ref('fct_match_allocations') }}
    where reconciliation = 'invoice_to_receipt' and side = 'expected'
),

live_matches as (
    select timed_matches.*
    from {{ ref('int_matches__timed') }} as timed_matches
    inner join {{ ref('fct_matches') }} as matches
        on timed_matches.match_id = matches.match_id
    where matches.is_live
),

cases as (
    select *
    from {{ ref('int_exceptions__weighed') }}
    where is_open and is_lead
),

rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

reporting as (
    select
        run_context.reporting_currency as currency,
        currencies.minor_digits
    from {{ ref('stg_tieout__run_context') }} as run_context
    left join {{ ref('currencies') }} as currencies
        on run_context.reporting_currency = currencies.code
),

documents as (
    select
        items.item_type,
        items.item_id,
        items.event_date,
        items.currency,
        items.amount,
        items.item_type = 'invoice' and items.amount > {{ zero() }} as can_be_overdue,
        cast(
            {{ add_days('coalesce(invoices.due_date, items.event_date)', '1') }} as date
        ) as overdue_from
    from items
    left join invoices
        on
            items.item_type = invoices.document_type
            and items.item_id = {{ item_id(['invoices.invoice_id']) }}
    where items.side = 'expected'
),

closings as (
    select
        documents.event_date,
        documents.overdue_from,
        documents.can_be_overdue,
        documents.currency,
        live_matches.completed_on,
        sum(allocations.allocated_amount) as allocated_amount,
        sum(allocations.adjusted_amount) as adjusted_amount
    from allocations
    inner join live_matches
        on allocations.match_id = live_matches.match_id
    inner join documents
        on
            allocations.item_type = documents.item_type
            and allocations.item_id = documents.item_id
    group by
        documents.event_date,
        documents.overdue_from,
        documents.can_be_overdue,
        documents.currency,
        live_matches.completed_on
),

movements as (
    select
        case when items.side = 'expected' then 'invoiced' else 'collected' end as measure,
        items.event_date as moved_on,
        items.event_date as rate_date,
        items.currency,
        items.amount
    from items
    union all
    select
        'matched' as measure,
        closings.completed_on as moved_on,
        closings.event_date as rate_date,
        closings.currency,
        closings.allocated_amount as amount
    from closings
    union all
    select
        'adjusted' as measure,
        closings.completed_on as moved_on,
        closings.event_date as rate_date,
        closings.currency,
        closings.adjusted_amount as amount
    from closings
    union all
    select
        'overdue' as measure,
        documents.overdue_from as moved_on,
        documents.event_date as rate_date,
        documents.currency,
        documents.amount
    from documents
    where documents.can_be_overdue
    union all
    select
        'overdue' as measure,
        greatest(closings.completed_on, closings.overdue_from) as moved_on,
        closings.event_date as rate_date,
        closings.currency,
        -(closings.allocated_amount + closings.adjusted_amount) as amount
    from closings
    where closings.can_be_overdue
),

sums as (
    select
        movements.measure,
        movements.moved_on,
        movements.rate_date,
        movements.currency,
        sum(movements.amount) as amount
    from movements
    where movements.moved_on <= {{ as_of_date() }}
    group by movements.measure, movements.moved_on, movements.rate_date, movements.currency
),

valued as (
    select
        sums.measure,
        sums.moved_on,
        case
            when sums.currency = reporting.currency then {{ as_amount('sums.amount') }}
            else {{ as_amount('sums.amount * rates.rate') }}
        end as base_amount
    from sums
    cross join reporting
    left join rates
        on sums.rate_date = rates.rate_date and sums.currency = rates.base_currency
),

held_days as (
    select
        valued.moved_on,
        sum(case when valued.measure = 'invoiced' then valued.base_amount end) as invoiced,
        sum(case when valued.measure = 'collected' then valued.base_amount end) as collected,
        sum(case when valued.measure = 'matched' then valued.base_amount end) as matched,
        sum(case when valued.measure = 'adjusted' then valued.base_amount end) as adjusted,
        sum(case when valued.measure = 'overdue' then valued.base_amount end) as overdue
    from valued
    group by valued.moved_on
),

-- also the days on which only one of both says something
days as (
    select
        coalesce(daily.as_of_date, held_days.moved_on) as as_of_date,
        daily.as_of_date is not null as is_shown,
        daily.currency as shown_currency,
        daily.invoiced as shown_invoiced,
        daily.collected as shown_collected,
        daily.matched as shown_matched,
        daily.adjusted as shown_adjusted,
        daily.open as shown_open,
        daily.overdue as shown_overdue,
        coalesce(held_days.invoiced, 0) as invoiced,
        coalesce(held_days.collected, 0) as collected,
        coalesce(held_days.matched, 0) as matched,
        coalesce(held_days.adjusted, 0) as adjusted,
        coalesce(held_days.overdue, 0) as overdue
    from daily
    full outer join held_days
        on daily.as_of_date = held_days.moved_on
),

totals as (
    select
        days.as_of_date,
        {%- for figure in running_figures %}
        sum(days.{{ figure }}) over (
            order by days.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as {{ figure }},
        {%- endfor %}
        days.shown_open,
        days.shown_overdue,
        days.shown_currency,
        not days.is_shown
        or days.shown_invoiced is null
        or days.shown_collected is null
        or days.shown_matched is null
        or days.shown_adjusted is null as is_incomplete
    from days
),

compared as (
    select
        totals.as_of_date,
        totals.shown_invoiced,
        {{ round_amount('totals.invoiced', 'reporting.minor_digits') }} as held_invoiced,
        totals.shown_collected,
        {{ round_amount('totals.collected', 'reporting.minor_digits') }} as held_collected,
        totals.shown_matched,
        {{ round_amount('totals.matched', 'reporting.minor_digits') }} as held_matched,
        totals.shown_adjusted,
        totals.shown_open,
        {{ round_amount(
            '(totals.invoiced - totals.matched - totals.adjusted)', 'reporting.minor_digits'
        ) }} as held_open,
        totals.shown_overdue,
        {{ round_amount('totals.overdue', 'reporting.minor_digits') }} as held_overdue,
        totals.is_incomplete
        or (totals.shown_currency is distinct from reporting.currency) as is_incomplete
    from totals
    cross join reporting
),

series as (
    select
        min(held_days.moved_on) as first_moved_on,
        (select count(*) from daily) as day_count
    from held_days
),

at_risk as (
    select
        coalesce(sum(cases.revenue_at_risk), 0) as revenue_at_risk,
        count(*) as case_count
    from cases
),

final as (
    select
        compared.as_of_date,
        compared.shown_invoiced,
        compared.held_invoiced,
        compared.shown_collected,
        compared.held_collected,
        compared.shown_matched,
        compared.held_matched,
        compared.shown_adjusted,
        compared.shown_open,
        compared.held_open,
        compared.shown_overdue,
        compared.held_overdue,
        'the figures up to a day do not add up to the items' as failure
    from compared
    where
        compared.is_incomplete
        or (compared.shown_invoiced is distinct from compared.held_invoiced)
        or (compared.shown_collected is distinct from compared.held_collected)
        or (compared.shown_matched is distinct from compared.held_matched)
        or (compared.shown_open is distinct from compared.held_open)
        or (compared.shown_overdue is distinct from compared.held_overdue)
        or (compared.shown_invoiced - compared.shown_matched - compared.shown_adjusted)
        is distinct from compared.shown_open
    union all
    select
        {{ as_of_date() }} as as_of_date,
        {%- for figure in compared_figures %}
        cast(null as {{ amount_type() }}) as {{ figure }},
        {%- endfor %}
        'the series does not have every day once' as failure
    from series
    where
        series.first_moved_on is not null
        and series.day_count
        is distinct from {{ days_between('series.first_moved_on', as_of_date()) }} + 1
    union all
    select
        daily.as_of_date,
        {%- for figure in compared_figures %}
        cast(null as {{ amount_type() }}) as {{ figure }},
        {%- endfor %}
        'what is at risk is not that of the open cases' as failure
    from daily
    cross join at_risk
    cross join reporting
    where
        daily.as_of_date = {{ as_of_date() }}
        and (
            daily.revenue_at_risk
            is distinct from {{ round_amount('at_risk.revenue_at_risk', 'reporting.minor_digits') }}
            or (daily.exceptions_open is distinct from at_risk.case_count)
        )
)

select * from final
