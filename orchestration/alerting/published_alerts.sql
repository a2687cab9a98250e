-- One row per alert that holds; read from the publication without personal data. Who speaks for a
-- group comes first in it: the louder, and of those equally loud the one that the run let speak.
select
    fct_alerts.alert_id,
    fct_alerts.fingerprint,
    fct_alerts.alert_name,
    fct_alerts.severity,
    fct_alerts.root_cause,
    fct_alerts.group_key,
    fct_alerts.subject,
    fct_alerts.opened_at,
    fct_alerts.summary,
    fct_alerts.runbook,
    fct_alerts.item_count,
    fct_alerts.revenue_at_risk,
    currencies.reporting_currency
from marts.fct_alerts
cross join (
    select max(agg_executive_daily.currency) as reporting_currency
    from marts.agg_executive_daily
) as currencies
where fct_alerts.resolved_at is null
order by
    fct_alerts.group_key,
    case fct_alerts.severity when 'page' then 0 when 'ticket' then 1 else 2 end,
    case fct_alerts.state when 'firing' then 0 else 1 end,
    fct_alerts.alert_id
