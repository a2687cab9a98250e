-- One row per feed of which an alert says already that nothing came, or nothing that could be read.
select alerts.subject
from marts.fct_alerts as alerts
where
    alerts.resolved_at is null
    and alerts.alert_name in ('feed_silent', 'quarantine_waiting')
group by alerts.subject
order by alerts.subject
