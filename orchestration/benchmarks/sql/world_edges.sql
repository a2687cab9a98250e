-- One row per pair that belongs together: in the truth, and in what is live.
select
    reconciliation,
    true as is_true,
    expected_type || '|' || expected_id as expected,
    actual_type || '|' || actual_id as actual,
    resolvable = 'auto' as is_certain
from true_pairs
where resolvable <> 'optional'
union all
select distinct
    reconciliation,
    false as is_true,
    expected_type || '|' || expected_id as expected,
    actual_type || '|' || actual_id as actual,
    false as is_certain
from judged
where is_live and verdict <> 'neutral'
order by all;
