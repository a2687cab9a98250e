-- One row per rule in force that closes matches by itself; the ones that closed most come first.
select
    dim_rules.rule_id,
    dim_rules.reconciliation,
    dim_rules.pass,
    dim_rules.relation,
    sum(dim_rules.closed_count) as closed_count
from marts.dim_rules
where
    dim_rules.is_in_force
    and dim_rules.closes_by_itself
    and dim_rules.method <> 'manual'
group by
    dim_rules.rule_id,
    dim_rules.reconciliation,
    dim_rules.pass,
    dim_rules.relation
order by closed_count desc nulls last, dim_rules.rule_id
