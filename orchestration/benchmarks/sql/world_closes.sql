-- One row per reconciliation: its live matches of which the truth speaks, and the false ones. A
-- match is false when it holds one wrong pair, also when its total is right.
with

matches as (
    select
        reconciliation,
        match_id,
        bool_or(verdict in ('wrong', 'should_stay')) as is_false
    from judged
    where is_live
    group by all
)

select
    reconciliations.reconciliation,
    count(matches.match_id) as closes,
    count(*) filter (matches.is_false) as false_closes
from (select distinct reconciliation from truth.edges) as reconciliations
left join matches on reconciliations.reconciliation = matches.reconciliation
group by all
order by reconciliations.reconciliation;
