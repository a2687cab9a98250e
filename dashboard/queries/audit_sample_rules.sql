-- One row per version of a rule that the sample has drawn closes of, the least judged first.
select
    fct_audit_sample.rule_id,
    fct_audit_sample.rule_version,
    dim_rules.reconciliation,
    dim_rules.pass,
    dim_rules.relation,
    dim_rules.closes_by_itself,
    dim_rules.certification,
    dim_rules.is_certified,
    dim_rules.is_in_force,
    dim_rules.audited_count,
    dim_rules.error_count,
    dim_rules.least_audited,
    dim_rules.breaker_state,
    dim_rules.breaker_until,
    dim_rules.breaker_evidence,
    dim_rules.canary_share,
    count(*) as sampled_count,
    count(*) filter (fct_audit_sample.outcome = 'open') as open_count,
    count(*) filter (fct_audit_sample.outcome = 'confirmed') as confirmed_count,
    count(*) filter (fct_audit_sample.outcome = 'false') as false_count,
    cast(
        count(*) filter (fct_audit_sample.outcome <> 'open') as double
    ) / count(*) as judged_share
from marts.fct_audit_sample
left join marts.dim_rules
    on
        fct_audit_sample.rule_id = dim_rules.rule_id
        and fct_audit_sample.rule_version = dim_rules.rule_version
group by all
order by false_count desc, open_count desc, fct_audit_sample.rule_id, fct_audit_sample.rule_version
