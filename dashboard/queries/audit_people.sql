-- One row per person who has decided something, the most active first.
select
    fct_audit_log.actor,
    count(*) as decision_count,
    max(fct_audit_log.occurred_at) as last_at
from marts.fct_audit_log
where fct_audit_log.entry_type = 'review_decision'
group by fct_audit_log.actor
order by decision_count desc, fct_audit_log.actor
