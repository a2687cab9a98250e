-- One row per alert: firing ones first, then by severity, the newest first.
select
    fct_alerts.state = 'firing' and fct_alerts.severity <> 'info' as is_urgent,
    fct_alerts.alert_id,
    fct_alerts.alert_name,
    fct_alerts.severity,
    fct_alerts.state,
    fct_alerts.root_cause,
    fct_alerts.group_key,
    fct_alerts.opened_at,
    fct_alerts.last_seen_at,
    fct_alerts.resolved_at,
    fct_alerts.suppressed_by,
    fct_alerts.revenue_at_risk,
    fct_alerts.item_count,
    fct_alerts.summary,
    fct_alerts.runbook
from marts.fct_alerts
order by
    case fct_alerts.state when 'firing' then 0 when 'suppressed' then 1 else 2 end,
    case fct_alerts.severity when 'page' then 0 when 'ticket' then 1 else 2 end,
    fct_alerts.opened_at desc nulls last,
    fct_alerts.alert_id
limit 100
