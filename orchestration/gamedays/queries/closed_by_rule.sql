-- One row per match that rule $rule has closed and that holds: $least of them, or the share $share
-- where that is more.
select matches.match_id
from marts.fct_matches as matches
where
    matches.decision = 'auto_closed'
    and matches.is_live
    and matches.rule_id = $rule
qualify
    row_number() over (order by matches.match_id asc nulls last)
    <= greatest($least, $share * count(*) over ())
order by matches.match_id
