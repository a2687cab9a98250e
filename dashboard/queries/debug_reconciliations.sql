-- One row per reconciliation that has a rule or a match, in order of name.
select dim_rules.reconciliation
from marts.dim_rules
where dim_rules.reconciliation is not null
union
select fct_matches.reconciliation
from marts.fct_matches
where fct_matches.reconciliation is not null
order by reconciliation
