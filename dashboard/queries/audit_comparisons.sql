-- One row per rule of which two versions are in force: what each would close, and where they differ.
select
    fct_rule_comparisons.rule_id,
    fct_rule_comparisons.stable_version,
    fct_rule_comparisons.canary_version,
    fct_rule_comparisons.reconciliation,
    dim_rules.pass,
    dim_rules.relation,
    dim_rules.canary_share,
    count(*) as compared_count,
    count(*) filter (
        fct_rule_comparisons.decided_version = fct_rule_comparisons.canary_version
    ) as canary_party_count,
    count(*) filter (fct_rule_comparisons.stable_closes) as stable_count,
    count(*) filter (fct_rule_comparisons.canary_closes) as canary_count,
    count(*) filter (
        fct_rule_comparisons.stable_closes and not fct_rule_comparisons.canary_closes
    ) as only_stable_count,
    count(*) filter (
        fct_rule_comparisons.canary_closes and not fct_rule_comparisons.stable_closes
    ) as only_canary_count,
    count(*) filter (fct_rule_comparisons.is_different) as different_count
from marts.fct_rule_comparisons
left join marts.dim_rules
    on
        fct_rule_comparisons.rule_id = dim_rules.rule_id
        and fct_rule_comparisons.canary_version = dim_rules.rule_version
group by all
order by different_count desc, fct_rule_comparisons.rule_id, fct_rule_comparisons.canary_version
