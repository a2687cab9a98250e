{#
    Steps of fct_alerts, the last of them `burn_alerts`: objectives whose error budget burns too
    fast.

    Reads the steps `rules`, `budgets`, `exceptions` and `cases`. A budget burns while it does so over
    the rule's long window and, where the rule names one, over the short window just before the run; a
    short window without events has no rate, and does not say that it is over. Of missed invoices the
    exceptions say the root cause, and of how many customers they are; their cases say the money.
#}
{% macro burn_rate_alerts() -%}
burning as (
    select
        rules.alert_name,
        rules.min_events,
        rules.min_customers,
        rules.or_revenue_at_risk,
        budgets.slo,
        budgets.window_minutes,
        budgets.bad_events,
        budgets.first_bad_at
    from rules
    inner join budgets
        on
            rules.window_name = budgets.window_name
            and (
                rules.subject = '*'
                or concat(';', rules.subject, ';') like concat('%;', budgets.slo, ';%')
            )
            and budgets.bad_events > 0
    left join budgets as just_now
        on
            rules.short_window_name = just_now.window_name
            and budgets.slo = just_now.slo
    where
        (
            rules.kind = 'burn_rate'
            and budgets.burn_rate > rules.threshold
            and coalesce(just_now.burn_rate > rules.threshold, true)
        )
        or (rules.kind = 'bad_events' and budgets.bad_events > rules.threshold)
),

missed_exceptions as (
    select
        burning.alert_name,
        burning.slo,
        exceptions.case_id,
        exceptions.customer_id
    from burning
    inner join exceptions
        on
            exceptions.missed_deadline_hours >= 0
            and burning.window_minutes > 60 * exceptions.missed_deadline_hours
    where burning.slo = 'reconciliation_success_rate'
),

missed_cases as (
    select
        missed_exceptions.alert_name,
        missed_exceptions.slo,
        missed_exceptions.case_id,
        count(*) as item_count
    from missed_exceptions
    group by missed_exceptions.alert_name, missed_exceptions.slo, missed_exceptions.case_id
),

missed_invoices as (
    select
        missed_cases.alert_name,
        missed_cases.slo,
        cases.root_cause,
        min(cases.case_opened_at) as opened_at,
        sum(missed_cases.item_count) as item_count,
        sum(cases.revenue_at_risk) as revenue_at_risk
    from missed_cases
    inner join cases
        on missed_cases.case_id = cases.case_id
    where cases.is_open
    group by missed_cases.alert_name, missed_cases.slo, cases.root_cause
),

missed_customers as (
    select
        missed_exceptions.alert_name,
        missed_exceptions.slo,
        count(distinct missed_exceptions.customer_id) as customers
    from missed_exceptions
    group by missed_exceptions.alert_name, missed_exceptions.slo
),

missed_money as (
    select
        missed_invoices.alert_name,
        missed_invoices.slo,
        sum(missed_invoices.revenue_at_risk) as revenue_at_risk
    from missed_invoices
    group by missed_invoices.alert_name, missed_invoices.slo
),

burn_alerts as (
    select
        burning.alert_name,
        burning.slo as subject,
        coalesce(missed_invoices.root_cause, 'unknown') as root_cause,
        coalesce(missed_invoices.root_cause, burning.slo) as group_key,
        coalesce(missed_invoices.opened_at, burning.first_bad_at) as opened_at,
        cast(null as timestamp) as resolved_at,
        coalesce(missed_invoices.item_count, burning.bad_events) as item_count,
        coalesce(missed_invoices.revenue_at_risk, {{ zero() }}) as revenue_at_risk,
        coalesce(missed_customers.customers < burning.min_customers, false) as is_one_customer
    from burning
    left join missed_customers
        on
            burning.alert_name = missed_customers.alert_name
            and burning.slo = missed_customers.slo
    left join missed_money
        on
            burning.alert_name = missed_money.alert_name
            and burning.slo = missed_money.slo
    left join missed_invoices
        on
            burning.alert_name = missed_invoices.alert_name
            and burning.slo = missed_invoices.slo
    where
        burning.bad_events >= burning.min_events
        or (
            burning.or_revenue_at_risk > 0
            and coalesce(missed_money.revenue_at_risk >= burning.or_revenue_at_risk, false)
        )
)
{%- endmacro %}
