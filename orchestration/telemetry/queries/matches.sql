select
    reconciliation,
    rule_id as rule,
    decision,
    count(*) as matches
from marts.fct_matches
group by
    reconciliation,
    rule_id,
    decision
