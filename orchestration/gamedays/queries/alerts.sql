-- One row per alert that holds, also one that another silences.
select
    alerts.alert_name,
    alerts.severity,
    alerts.root_cause,
    coalesce(alerts.subject, '') as subject,
    alerts.item_count,
    alerts.summary,
    alerts.state = 'suppressed' as is_silent,
    alerts.group_key
from marts.fct_alerts as alerts
where alerts.state <> 'resolved'
order by alerts.alert_name, alerts.root_cause, subject, alerts.severity
