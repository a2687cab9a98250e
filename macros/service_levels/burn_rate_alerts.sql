{#
    Steps of fct_alerts, the last of them `burn_alerts`: objectives whose error budget burns too
    fast.

    Reads the steps `rules`, `root_causes`, `budgets`, `events`, `exceptions` and `cases`. A budget
    burns while it does so over the rule's long window and, where the rule names one, over the short
    window just before the run; a short window without events has no rate, and does not say that it
    is over. Of missed invoices the exceptions say the root cause, and of how many customers they are;
    their cases say the money. Other events say whose they are themselves.

    A page wants its rate, its number and its customers of what somebody on call can mend: among
    many slow payers one invoice that waits for a person stays a ticket.
#}
{% macro burn_rate_alerts() -%}
burning as (
    select
        rules.alert_name,
        rules.min_events,
        rules.min_customers,
        rules.or_revenue_at_risk,
        rules.threshold,
        budgets.slo,
        budgets.window_minutes,
        budgets.bad_events,
        budgets.burn_rate,
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

-- whose the bad events are; of some nobody may be
parties as (
    select
        burning.alert_name,
        burning.slo,
        count(distinct events.bad_party_id) as customers,
        count(events.bad_party_id) = count(*) as are_known
    from burning
    inner join events
        on burning.slo = events.sli and burning.window_minutes > events.age_minutes
    where events.bad_events > 0
    group by burning.alert_name, burning.slo
),

missed_exceptions as (
    select
        burning.alert_name,
        burning.slo,
        cases.root_cause,
        cases.case_id,
        cases.case_opened_at,
        cases.revenue_at_risk,
        exceptions.customer_id,
        coalesce(root_causes.loudest_alert = 'page', true) as is_for_on_call
    from burning
    inner join exceptions
        on
            exceptions.missed_deadline_seconds >= 0
            and 60 * burning.window_minutes > exceptions.missed_deadline_seconds
    inner join cases
        on exceptions.case_id = cases.case_id
    left join root_causes
        on cases.root_cause = root_causes.root_cause
    where burning.slo = 'reconciliation_success_rate' and cases.is_open
),

missed_cases as (
    select
        missed_exceptions.alert_name,
        missed_exceptions.slo,
        missed_exceptions.root_cause,
        missed_exceptions.is_for_on_call,
        missed_exceptions.case_id,
        missed_exceptions.case_opened_at,
        missed_exceptions.revenue_at_risk,
        count(*) as item_count
    from missed_exceptions
    group by
        missed_exceptions.alert_name,
        missed_exceptions.slo,
        missed_exceptions.root_cause,
        missed_exceptions.is_for_on_call,
        missed_exceptions.case_id,
        missed_exceptions.case_opened_at,
        missed_exceptions.revenue_at_risk
),

missed_invoices as (
    select
        missed_cases.alert_name,
        missed_cases.slo,
        missed_cases.root_cause,
        min(missed_cases.case_opened_at) as opened_at,
        sum(missed_cases.item_count) as item_count,
        sum(missed_cases.revenue_at_risk) as revenue_at_risk
    from missed_cases
    group by missed_cases.alert_name, missed_cases.slo, missed_cases.root_cause
),

missed_money as (
    select
        missed_cases.alert_name,
        missed_cases.slo,
        sum(missed_cases.revenue_at_risk) as revenue_at_risk,
        sum(
            case when missed_cases.is_for_on_call then missed_cases.revenue_at_risk
                else {{ zero() }} end
        ) as on_call_at_risk
    from missed_cases
    group by missed_cases.alert_name, missed_cases.slo
),

missed_customers as (
    select
        missed_exceptions.alert_name,
        missed_exceptions.slo,
        count(*) as bad_events,
        count(distinct missed_exceptions.customer_id) as customers
    from missed_exceptions
    where missed_exceptions.is_for_on_call
    group by missed_exceptions.alert_name, missed_exceptions.slo
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
        case
            when missed_invoices.root_cause is null
                then coalesce(parties.are_known and parties.customers < burning.min_customers, false)
            else
                coalesce(missed_customers.customers, 0) < burning.min_customers
                or coalesce(missed_customers.bad_events, 0) * burning.burn_rate
                <= burning.threshold * burning.bad_events
                or (
                    coalesce(missed_customers.bad_events, 0) < burning.min_events
                    and (
                        burning.or_revenue_at_risk = 0
                        or missed_money.on_call_at_risk < burning.or_revenue_at_risk
                    )
                )
        end as is_ticket_at_most
    from burning
    left join parties
        on
            burning.alert_name = parties.alert_name
            and burning.slo = parties.slo
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
