-- One row: how far the audit is, who decided, and what the trial of new versions shows.
with sample as (
    select
        count(*) as sampled_count,
        count(*) filter (fct_audit_sample.outcome = 'confirmed') as confirmed_count,
        count(*) filter (fct_audit_sample.outcome = 'false') as false_count,
        count(*) filter (fct_audit_sample.outcome = 'open') as open_count
    from marts.fct_audit_sample
),

people as (
    select
        count(*) as decision_count,
        count(distinct fct_audit_log.actor) as people_count
    from marts.fct_audit_log
    where fct_audit_log.entry_type = 'review_decision'
),

trials as (
    select
        count(*) as compared_count,
        count(*) filter (fct_rule_comparisons.is_different) as different_count
    from marts.fct_rule_comparisons
)

select
    sample.sampled_count,
    sample.confirmed_count,
    sample.false_count,
    sample.open_count,
    people.decision_count,
    people.people_count,
    trials.compared_count,
    trials.different_count
from sample
cross join people
cross join trials
