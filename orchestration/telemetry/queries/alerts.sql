select
    alert_name,
    severity,
    state,
    root_cause,
    count(*) as alerts,
    sum(revenue_at_risk) as revenue_at_risk
from marts.fct_alerts
group by
    alert_name,
    severity,
    state,
    root_cause
