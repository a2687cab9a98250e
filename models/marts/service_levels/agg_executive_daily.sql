{%- set first_date = '(select span.first_date from span)' -%}
{%- set last_date = '(select span.last_date from span)' -%}
with

movements as (select * from {{ ref('int_receivables__daily') }}),

events as (
    select *
    from {{ ref('int_service_levels__events') }}
    where sli = 'reconciliation_success_rate'
),

-- a case counts once, by the exception that leads it
cases as (
    select *
    from {{ ref('int_exceptions__weighed') }}
    where is_lead
),

targets as (
    select *
    from {{ ref('slo_targets') }}
    where sli = 'reconciliation_success_rate'
),

reporting as (
    select
        run_context.reporting_currency as currency,
        currencies.minor_digits
    from {{ ref('stg_tieout__run_context') }} as run_context
    left join {{ ref('currencies') }} as currencies
        on run_context.reporting_currency = currencies.code
),

span as (
    select
        min(movements.moved_on) as first_date,
        {{ as_of_date() }} as last_date
    from movements
),

dates as (
    select calendar.calendar_date as as_of_date
    from {{ date_spine(first_date, last_date) }} as calendar
),

-- cases enter on the day they open and leave on the day they are resolved or, for those in time, on
-- the day their deadline passes
case_movements as (
    select
        cast(cases.case_opened_at as date) as moved_on,
        1 as open_change,
        case
            when cast(cases.sla_due_at as date) > cast(cases.case_opened_at as date) then 1
            else 0
        end as in_sla_change,
        cases.revenue_at_risk as risk_change
    from cases
    union all
    select
        cast(cases.case_resolved_at as date) as moved_on,
        -1 as open_change,
        0 as in_sla_change,
        -cases.revenue_at_risk as risk_change
    from cases
    where not cases.is_open
    union all
    select
        least(
            cast(cases.sla_due_at as date),
            coalesce(cast(cases.case_resolved_at as date), cast(cases.sla_due_at as date))
        ) as moved_on,
        0 as open_change,
        -1 as in_sla_change,
        {{ zero() }} as risk_change
    from cases
    where cast(cases.sla_due_at as date) > cast(cases.case_opened_at as date)
),

case_days as (
    select
        case_movements.moved_on,
        sum(case_movements.open_change) as open_change,
        sum(case_movements.in_sla_change) as in_sla_change,
        sum(case_movements.risk_change) as risk_change
    from case_movements
    group by case_movements.moved_on
),

event_days as (
    select
        events.event_date,
        sum(events.numerator) as numerator,
        sum(events.denominator) as denominator
    from events
    group by events.event_date
),

movement_days as (
    select
        movements.moved_on,
        sum(case when movements.measure = 'invoiced' then movements.base_amount end) as invoiced,
        sum(case when movements.measure = 'collected' then movements.base_amount end) as collected,
        sum(case when movements.measure = 'matched' then movements.base_amount end) as matched,
        sum(case when movements.measure = 'adjusted' then movements.base_amount end) as adjusted,
        sum(case when movements.measure = 'overdue' then movements.base_amount end)
            as overdue_change
    from movements
    group by movements.moved_on
),

joined as (
    select
        dates.as_of_date,
        coalesce(movement_days.invoiced, 0) as invoiced,
        coalesce(movement_days.collected, 0) as collected,
        coalesce(movement_days.matched, 0) as matched,
        coalesce(movement_days.adjusted, 0) as adjusted,
        coalesce(movement_days.overdue_change, 0) as overdue_change,
        coalesce(case_days.open_change, 0) as open_change,
        coalesce(case_days.in_sla_change, 0) as in_sla_change,
        coalesce(case_days.risk_change, 0) as risk_change
    from dates
    left join movement_days
        on dates.as_of_date = movement_days.moved_on
    left join case_days
        on dates.as_of_date = case_days.moved_on
),

success as (
    select
        dates.as_of_date,
        sum(event_days.numerator) as numerator,
        sum(event_days.denominator) as denominator
    from dates
    cross join targets
    inner join event_days
        on
            dates.as_of_date >= event_days.event_date
            and event_days.event_date
            > cast({{ add_days('dates.as_of_date', '-targets.window_days') }} as date)
    group by dates.as_of_date
),

running as (
    select
        joined.as_of_date,
        sum(joined.invoiced) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as invoiced,
        sum(joined.collected) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as collected,
        sum(joined.matched) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as matched,
        sum(joined.invoiced - joined.matched - joined.adjusted) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as open_amount,
        sum(joined.overdue_change) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as overdue,
        sum(joined.risk_change) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as revenue_at_risk,
        sum(joined.open_change) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as exceptions_open,
        sum(joined.in_sla_change) over (
            order by joined.as_of_date asc nulls last
            rows between unbounded preceding and current row
        ) as exceptions_in_sla
    from joined
),

-- what has moved up to each day is rounded, not what moved on it: then days add up to what is open,
-- to the cent, and no rounding grows
rounded as (
    select
        running.as_of_date,
        reporting.currency,
        {{ round_amount('running.invoiced', 'reporting.minor_digits') }} as invoiced,
        {{ round_amount('running.collected', 'reporting.minor_digits') }} as collected,
        {{ round_amount('running.matched', 'reporting.minor_digits') }} as matched,
        {{ round_amount('running.open_amount', 'reporting.minor_digits') }} as open_amount,
        {{ round_amount('running.overdue', 'reporting.minor_digits') }} as overdue,
        {{ round_amount('running.revenue_at_risk', 'reporting.minor_digits') }} as revenue_at_risk,
        cast(running.exceptions_open as bigint) as exceptions_open,
        cast(running.exceptions_in_sla as bigint) as exceptions_in_sla
    from running
    cross join reporting
),

compared as (
    select
        rounded.*,
        lag(rounded.invoiced) over (order by rounded.as_of_date asc nulls last)
            as earlier_invoiced,
        lag(rounded.collected) over (order by rounded.as_of_date asc nulls last)
            as earlier_collected,
        lag(rounded.matched) over (order by rounded.as_of_date asc nulls last)
            as earlier_matched,
        lag(rounded.open_amount) over (order by rounded.as_of_date asc nulls last)
            as earlier_open_amount
    from rounded
),

moved as (
    select
        compared.*,
        {{ as_amount('compared.invoiced - coalesce(compared.earlier_invoiced, 0)') }}
            as invoiced_on_day,
        {{ as_amount('compared.collected - coalesce(compared.earlier_collected, 0)') }}
            as collected_on_day,
        {{ as_amount('compared.matched - coalesce(compared.earlier_matched, 0)') }}
            as matched_on_day,
        {{ as_amount('compared.open_amount - coalesce(compared.earlier_open_amount, 0)') }}
            as opened_on_day
    from compared
),

final as (
    select
        moved.as_of_date,
        moved.currency,
        moved.invoiced_on_day as invoiced,
        moved.collected_on_day as collected,
        moved.matched_on_day as matched,
        {{ as_amount('moved.invoiced_on_day - moved.matched_on_day - moved.opened_on_day') }}
            as adjusted,
        moved.open_amount as open,
        moved.overdue,
        moved.revenue_at_risk,
        {{ decimal_divide('success.numerator', 'success.denominator', 6) }} as success_rate,
        moved.exceptions_open,
        moved.exceptions_in_sla
    from moved
    left join success
        on moved.as_of_date = success.as_of_date
)

select * from final
