select
    rule_id as rule,
    bool_and(is_certified) as is_certified,
    bool_or(coalesce(breaker_state, 'closed') <> 'closed') as is_stopped
from marts.dim_rules
where closes_by_itself
    and is_in_force
group by rule_id
