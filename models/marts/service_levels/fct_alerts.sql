{{ config(tags=['after_seal']) }}

with

rules as (select * from {{ ref('alert_rules') }}),

root_causes as (select * from {{ ref('root_causes') }}),

budgets as (
    select
        error_budgets.*,
        error_budgets.{{ adapter.quote('window') }} as window_name
    from {{ ref('fct_error_budgets') }} as error_budgets
),

exceptions as (select * from {{ ref('int_exceptions__weighed') }}),

-- what is counted and summed: a case once, by the exception that leads it
cases as (
    select *
    from exceptions
    where is_lead
),

quarantine as (
    select *
    from {{ ref('int_quarantine__resolved') }}
    where resolved_by_batch_id is null
),

batches as (select * from {{ ref('int_batches__classified') }}),

failed_statements as (select * from {{ ref('int_statements__failed') }}),

events as (select * from {{ ref('int_service_levels__events') }}),

expected_feeds as (select * from {{ ref('int_feeds__expected') }}),

reconciliations as (select * from {{ ref('reconciliations') }}),

certificates as (select * from {{ ref('int_rule_certificates') }}),

controls as (select * from {{ ref('int_controls__in_force') }}),

issued as (select * from {{ ref('int_issuance__while_paused') }}),

inhibitions as (select * from {{ ref('alert_inhibitions') }}),

anomalies as (
    select
        found.*,
        found.kind || ' ' || found.subject as about,
        case
            when found.kind = 'indicator' then 'unknown'
            when found.direction = 'high' then 'volume_surge'
            else 'volume_drop'
        end as root_cause
    from {{ ref('int_service_levels__anomalies') }} as found
),

-- how long a group that has been solved is still shown
memory as (
    select min(windows.window_days) as days
    from {{ ref('service_level_windows') }} as windows
    where windows.kind = 'memory'
),

-- cases of one severity and root cause; resolved when the last of them is
severity_groups as (
    select
        rules.alert_name,
        rules.min_events,
        cases.severity as subject,
        cases.root_cause,
        min(case when cases.is_open then cases.case_opened_at end) as open_since,
        min(cases.case_opened_at) as first_opened_at,
        max(cases.case_resolved_at) as last_resolved_at,
        count(case when cases.is_open then 1 end) as open_count,
        count(*) as all_count,
        sum(case when cases.is_open then coalesce(cases.item_count, 1) end) as open_items,
        sum(coalesce(cases.item_count, 1)) as all_items,
        sum(case when cases.is_open then cases.revenue_at_risk else {{ zero() }} end)
            as revenue_at_risk,
        count(distinct cases.customer_id) = 1 and count(cases.customer_id) = count(*)
            as is_ticket_at_most
    from rules
    cross join memory
    inner join cases
        on rules.subject = cases.severity
    where
        rules.kind = 'exceptions'
        and (
            cases.is_open
            or cases.case_resolved_at > {{ add_days(as_of(), '-memory.days') }}
        )
    group by
        rules.alert_name, rules.min_events, cases.severity, cases.root_cause
),

by_severity as (
    select
        severity_groups.alert_name,
        severity_groups.subject,
        severity_groups.root_cause,
        severity_groups.root_cause as group_key,
        case
            when severity_groups.open_count > 0 then severity_groups.open_since
            else severity_groups.first_opened_at
        end as opened_at,
        case when severity_groups.open_count = 0 then severity_groups.last_resolved_at end
            as resolved_at,
        case
            when severity_groups.open_count > 0 then severity_groups.open_items
            else severity_groups.all_items
        end as item_count,
        severity_groups.revenue_at_risk,
        severity_groups.is_ticket_at_most
    from severity_groups
    where
        severity_groups.open_count >= severity_groups.min_events
        or severity_groups.open_count = 0
),

past_sla as (
    select
        rules.alert_name,
        rules.subject,
        cases.root_cause,
        cases.root_cause as group_key,
        min(cases.sla_due_at) as opened_at,
        cast(null as timestamp) as resolved_at,
        count(*) as item_count,
        sum(cases.revenue_at_risk) as revenue_at_risk,
        count(distinct cases.customer_id) = 1 and count(cases.customer_id) = count(*)
            as is_ticket_at_most
    from rules
    inner join cases
        on cases.is_open and cases.sla_due_at < {{ as_of() }}
    where rules.kind = 'past_sla'
    group by rules.alert_name, rules.subject, rules.min_events, cases.root_cause
    having count(*) >= rules.min_events
),

at_risk as (
    select
        rules.alert_name,
        rules.subject,
        cases.root_cause,
        cases.root_cause as group_key,
        min(cases.case_opened_at) as opened_at,
        cast(null as timestamp) as resolved_at,
        count(*) as item_count,
        sum(cases.revenue_at_risk) as revenue_at_risk,
        count(distinct cases.customer_id) = 1 and count(cases.customer_id) = count(*)
            as is_ticket_at_most
    from rules
    inner join cases
        on cases.is_open and cases.revenue_at_risk > 0
    where rules.kind = 'revenue_at_risk'
    group by
        rules.alert_name, rules.subject, rules.threshold, rules.min_events, cases.root_cause
    having
        sum(cases.revenue_at_risk) > rules.threshold
        and count(*) >= rules.min_events
),

{{ burn_rate_alerts() }},

service_start as (select min(batches.ingested_at) as started_at from batches),

last_events as (
    select
        events.sli,
        max(events.event_date) as event_date
    from events
    where events.events > 0
    group by events.sli
),

-- it began when the last event left the window, or when the service began
without_data as (
    select
        rules.alert_name,
        budgets.slo as subject,
        'unknown' as root_cause,
        budgets.slo as group_key,
        coalesce(
            {{ add_seconds('last_events.event_date', '60 * budgets.window_minutes') }},
            service_start.started_at,
            {{ as_of() }}
        ) as opened_at,
        cast(null as timestamp) as resolved_at,
        0 as item_count,
        {{ zero() }} as revenue_at_risk,
        false as is_ticket_at_most
    from rules
    inner join budgets
        on
            rules.window_name = budgets.window_name
            and (rules.subject = '*' or rules.subject = budgets.slo)
    cross join service_start
    left join last_events
        on budgets.slo = last_events.sli
    where rules.kind = 'no_data' and budgets.events = 0
),

{{ feed_alerts() }},

{{ control_alerts() }},

unusual_days as (
    select
        rules.alert_name,
        anomalies.about as subject,
        anomalies.root_cause,
        case
            when anomalies.kind = 'indicator' then anomalies.subject
            -- copies have another cause than rejected rows, and are told beside them
            when anomalies.kind = 'feed' and anomalies.root_cause = 'volume_surge'
                then 'surge:' || anomalies.subject
            else anomalies.kind || ':' || anomalies.subject
        end as group_key,
        cast(anomalies.since as timestamp) as opened_at,
        cast(null as timestamp) as resolved_at,
        cast(abs(anomalies.observed - anomalies.expected) as bigint) as item_count,
        anomalies.amount as revenue_at_risk,
        anomalies.kind = 'customer' as is_ticket_at_most
    from rules
    inner join anomalies
        on rules.threshold <= anomalies.amount
    where rules.kind = 'anomaly'
),

raised as (
    select * from by_severity
    union all
    select * from past_sla
    union all
    select * from at_risk
    union all
    select * from burn_alerts
    union all
    select * from without_data
    union all
    select * from waiting_rejects
    union all
    select * from silent_feeds
    union all
    select * from stopped_rules
    union all
    select * from unshown_statements
    union all
    select * from unusual_days
    union all
    select * from issued_while_paused
),

-- what its rule asks for, but no louder than its root cause allows; one customer wakes nobody
named as (
    select
        raised.*,
        case
            when root_causes.loudest_alert = 'info' then 'info'
            when
                rules.severity = 'page'
                and (root_causes.loudest_alert = 'ticket' or raised.is_ticket_at_most)
                then 'ticket'
            else rules.severity
        end as severity,
        rules.priority,
        coalesce(rules.may_be_silenced, true) as may_be_silenced,
        rules.runbook,
        rules.meaning,
        root_causes.meaning as root_cause_meaning
    from raised
    inner join rules
        on raised.alert_name = rules.alert_name
    left join root_causes
        on raised.root_cause = root_causes.root_cause
),

{{ inhibited_alerts() }},

described as (
    select
        told_together.*,
        concat_ws(
            '|',
            told_together.subject,
            told_together.alert_name,
            told_together.root_cause,
            told_together.severity
        ) as identity
    from told_together
),

fingerprinted as (
    select
        described.*,
        {{ sha256_hex('described.identity') }} as fingerprint
    from described
),

identified as (
    select
        fingerprinted.*,
        concat_ws('|', fingerprinted.fingerprint, {{ iso_timestamp('fingerprinted.opened_at') }})
            as occurrence
    from fingerprinted
),

addressed as (
    select
        identified.*,
        case identified.severity when 'page' then 1 when 'ticket' then 2 else 3 end as loudness,
        {{ sha256_hex('identified.occurrence') }} as alert_id
    from identified
),

-- by what a maintenance window may name it
scopes as (
    select
        addressed.alert_id,
        addressed.alert_name,
        addressed.group_key
    from addressed
    union all
    select
        addressed.alert_id,
        addressed.alert_name,
        '*' as group_key
    from addressed
    union all
    select
        addressed.alert_id,
        '*' as alert_name,
        addressed.group_key
    from addressed
    union all
    select
        addressed.alert_id,
        '*' as alert_name,
        '*' as group_key
    from addressed
),

said as (
    select
        scopes.alert_id,
        windows.control_id
    from scopes
    inner join controls as windows
        on
            scopes.alert_name = windows.alert_name
            and scopes.group_key = windows.group_key
    where windows.kind = 'maintenance_window'
    union
    select
        addressed.alert_id,
        acknowledgements.control_id
    from addressed
    inner join controls as acknowledgements
        on addressed.fingerprint = acknowledgements.control_key
    where acknowledgements.kind = 'alert_acknowledged'
),

-- What people said of it: a maintenance window first, else that somebody has taken it. Neither
-- changes what is recorded, and nothing silences an alert about the proof itself.
silenced as (
    select
        addressed.alert_id,
        controls.kind,
        controls.control_id,
        controls.actor,
        controls.reason,
        controls.ends_at
    from said
    inner join controls
        on said.control_id = controls.control_id
    inner join addressed
        on said.alert_id = addressed.alert_id
    where addressed.resolved_at is null and addressed.may_be_silenced
    qualify row_number() over (
        partition by addressed.alert_id
        order by
            case controls.kind when 'maintenance_window' then 1 else 2 end asc nulls last,
            controls.ends_at desc nulls first,
            controls.control_id asc nulls last
    ) = 1
),

-- one notification a group: the strongest alert speaks, or the one that makes others doubtful; the
-- others say by whom they are silenced; one in a maintenance window speaks for none
spoken as (
    select
        addressed.*,
        silenced.kind as silence,
        silenced.control_id,
        silenced.actor as silenced_by,
        silenced.reason as silence_reason,
        silenced.ends_at as silenced_until,
        first_value(addressed.alert_id) over (
            partition by
                addressed.group_key,
                addressed.resolved_at is null,
                coalesce(silenced.kind = 'maintenance_window', false)
            order by
                addressed.is_doubtful asc nulls last,
                addressed.loudness asc nulls last,
                addressed.priority asc nulls last,
                addressed.alert_id asc nulls last
            rows between unbounded preceding and unbounded following
        ) as speaker_id
    from addressed
    left join silenced
        on addressed.alert_id = silenced.alert_id
),

final as (
    select
        spoken.alert_id,
        spoken.fingerprint,
        spoken.alert_name,
        spoken.severity,
        spoken.root_cause,
        spoken.group_key,
        spoken.opened_at,
        coalesce(spoken.resolved_at, {{ as_of() }}) as last_seen_at,
        spoken.resolved_at,
        case
            when spoken.resolved_at is not null then 'resolved'
            when spoken.silence is not null then 'suppressed'
            when spoken.speaker_id <> spoken.alert_id then 'suppressed'
            else 'firing'
        end as state,
        case
            when spoken.resolved_at is not null then null
            when spoken.silence is not null then spoken.control_id
            when spoken.speaker_id <> spoken.alert_id then spoken.speaker_id
        end as suppressed_by,
        {{ as_amount('spoken.revenue_at_risk') }} as revenue_at_risk,
        concat_ws(
            '. ',
            spoken.meaning,
            case when spoken.root_cause <> 'unknown' then spoken.root_cause_meaning end,
            case when spoken.group_key <> spoken.root_cause then spoken.subject end,
            'From ' || anomalies.first_date || ' to ' || anomalies.last_date || ': '
            || cast(anomalies.observed as bigint) || ' instead of '
            || cast(anomalies.expected as bigint)
        ) as summary,
        spoken.runbook,
        cast(spoken.item_count as bigint) as item_count,
        spoken.subject,
        spoken.silence,
        spoken.silenced_by,
        spoken.silence_reason,
        spoken.silenced_until
    from spoken
    left join anomalies
        on
            spoken.subject = anomalies.about
            and spoken.root_cause = anomalies.root_cause
)

select * from final
