-- The cases in which suggestions wait.
select
    candidates.match_id,
    min(candidates.case_id) as case_id
from (
    select
        exceptions.case_id,
        unnest(
            from_json(exceptions.candidate_match_ids, '["varchar"]')
        ) as match_id
    from marts.fct_exceptions as exceptions
    where exceptions.status <> 'resolved' and exceptions.candidate_match_ids <> '[]'
) as candidates
where candidates.match_id in (select unnest(cast($match_ids as varchar [])))
group by candidates.match_id
