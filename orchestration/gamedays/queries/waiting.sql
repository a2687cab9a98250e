-- One row per item in a match of rule $rule that holds nothing: it waits, or has been undone.
select distinct allocations.item_id
from marts.fct_match_allocations as allocations
inner join marts.fct_matches as matches
    on allocations.match_id = matches.match_id
where matches.rule_id = $rule and not matches.is_live
order by allocations.item_id
