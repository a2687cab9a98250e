-- What the newest run closed without a person, per reconciliation and rule.
with newest as (
    select runs.run_id
    from marts.fct_runs as runs
    order by runs.as_of desc nulls last, runs.finished_at desc nulls last, runs.run_id
    limit 1
)

select
    matches.reconciliation,
    matches.rule_id,
    count(*) as matches,
    sum(matches.item_count) as items
from marts.fct_matches as matches
inner join newest
    on matches.run_id = newest.run_id
where matches.decision = 'auto_closed'
group by matches.reconciliation, matches.rule_id
order by matches.reconciliation, matches desc, matches.rule_id
