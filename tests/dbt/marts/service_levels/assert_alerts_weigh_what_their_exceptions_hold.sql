-- Invariant 1, for alerts. Guards: an alert about open exceptions weighs what is at risk in the
-- open cases of its severity and root cause, those past their deadline, or those at risk, and
-- counts them; every such group that its rule asks for has its alert, and none has two; one about
-- missed deadlines weighs no more than the open cases of its root cause; any other (but what
-- is unusual, which weighs what is missing or too much), and a resolved one, weighs nothing.
-- Breaks when: an alert adds up members of a case instead of its lead, or cases that are resolved.
-- In silence, somebody would be woken for money that is not at risk, or would not be.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'fct_alerts'}}}) }}

with

alerts as (
    select
        alerts.*,
        rules.kind
    from {{ ref('fct_alerts') }} as alerts
    inner join {{ ref('alert_rules') }} as rules
        on alerts.alert_name = rules.alert_name
),

rules as (select * from {{ ref('alert_rules') }}),

leads as (
    select *
    from {{ ref('fct_exceptions') }}
    where is_case_lead and status <> 'resolved'
),

expected as (
    select
        rules.alert_name,
        rules.subject,
        leads.root_cause,
        sum(leads.revenue_at_risk) as revenue_at_risk,
        sum(leads.item_count) as item_count
    from rules
    inner join leads
        on rules.subject = leads.severity
    where rules.kind = 'exceptions'
    group by rules.alert_name, rules.subject, rules.min_events, leads.root_cause
    having count(*) >= rules.min_events
    union all
    select
        rules.alert_name,
        rules.subject,
        leads.root_cause,
        sum(leads.revenue_at_risk) as revenue_at_risk,
        count(*) as item_count
    from rules
    cross join leads
    where rules.kind = 'past_sla' and leads.sla_due_at < {{ as_of() }}
    group by rules.alert_name, rules.subject, rules.min_events, leads.root_cause
    having count(*) >= rules.min_events
    union all
    select
        rules.alert_name,
        rules.subject,
        leads.root_cause,
        sum(leads.revenue_at_risk) as revenue_at_risk,
        count(*) as item_count
    from rules
    cross join leads
    where rules.kind = 'revenue_at_risk' and leads.revenue_at_risk > 0
    group by
        rules.alert_name, rules.subject, rules.threshold, rules.min_events, leads.root_cause
    having sum(leads.revenue_at_risk) > rules.threshold and count(*) >= rules.min_events
),

shown as (
    select
        alerts.alert_name,
        alerts.subject,
        alerts.root_cause,
        min(alerts.revenue_at_risk) as revenue_at_risk,
        min(alerts.item_count) as item_count,
        count(*) as alert_count
    from alerts
    where
        alerts.kind in ('exceptions', 'past_sla', 'revenue_at_risk')
        and alerts.state <> 'resolved'
    group by alerts.alert_name, alerts.subject, alerts.root_cause
),

root_causes as (
    select
        leads.root_cause,
        sum(leads.revenue_at_risk) as revenue_at_risk
    from leads
    group by leads.root_cause
),

final as (
    select
        coalesce(shown.alert_name, expected.alert_name) as alert_name,
        coalesce(shown.root_cause, expected.root_cause) as root_cause,
        shown.revenue_at_risk as shown_amount,
        expected.revenue_at_risk as held_amount,
        'an alert is not what its open cases hold' as failure
    from shown
    full outer join expected
        on
            shown.alert_name = expected.alert_name
            and shown.subject = expected.subject
            and shown.root_cause = expected.root_cause
    where
        shown.revenue_at_risk is distinct from expected.revenue_at_risk
        or (shown.item_count is distinct from expected.item_count)
        or (shown.alert_count is distinct from 1)
    union all
    select
        alerts.alert_name,
        alerts.root_cause,
        alerts.revenue_at_risk as shown_amount,
        root_causes.revenue_at_risk as held_amount,
        'an alert weighs more than there is' as failure
    from alerts
    left join root_causes
        on alerts.root_cause = root_causes.root_cause
    where
        alerts.revenue_at_risk is null
        or (
            alerts.kind in ('burn_rate', 'bad_events')
            and (
                alerts.revenue_at_risk < 0
                or alerts.revenue_at_risk > coalesce(root_causes.revenue_at_risk, 0)
            )
        )
        or (
            (
                alerts.state = 'resolved'
                or alerts.kind not in (
                    'exceptions',
                    'past_sla',
                    'revenue_at_risk',
                    'burn_rate',
                    'bad_events',
                    'anomaly'
                )
            )
            and alerts.revenue_at_risk <> 0
        )
)

select * from final
