-- One row per match that rule $rule has closed and that holds, at most $limit.
select matches.match_id
from marts.fct_matches as matches
where
    matches.decision = 'auto_closed'
    and matches.is_live
    and matches.rule_id = $rule
order by matches.match_id
limit $limit
