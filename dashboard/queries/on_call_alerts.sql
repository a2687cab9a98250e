-- One row per alert; what fires first, then by severity and money. `group_at_risk` is the most that
-- an alert of the group puts at risk: its alerts are about the same cases, so it is no sum.
with alerts as (
    select
        fct_alerts.*,
        coalesce(fct_alerts.silence = 'maintenance_window', false) as is_in_window,
        case fct_alerts.severity when 'page' then 0 when 'ticket' then 1 else 2 end as loudness
    from marts.fct_alerts
)

select
    alerts.alert_id,
    alerts.fingerprint,
    alerts.alert_name,
    alerts.severity,
    alerts.state,
    alerts.root_cause,
    alerts.group_key,
    alerts.subject,
    alerts.opened_at,
    alerts.resolved_at,
    alerts.suppressed_by,
    alerts.revenue_at_risk,
    alerts.item_count,
    alerts.summary,
    alerts.runbook,
    alerts.silence,
    alerts.silenced_by,
    alerts.silence_reason,
    alerts.silenced_until,
    max(alerts.revenue_at_risk) over (
        partition by alerts.group_key, alerts.state = 'resolved'
    ) as group_at_risk
from alerts
order by
    case alerts.state when 'firing' then 0 when 'suppressed' then 1 else 2 end,
    alerts.loudness,
    group_at_risk desc nulls last,
    alerts.item_count desc nulls last,
    alerts.group_key,
    alerts.alert_id
limit 200
