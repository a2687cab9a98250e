-- One row per match made or suggested by one run (or by any, when $run is empty), newest first.
select
    fct_matches.match_id,
    fct_matches.reconciliation,
    fct_matches.rule_id,
    fct_matches.method,
    fct_matches.decision,
    fct_matches.confidence,
    fct_matches.explanation,
    fct_matches.item_count,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.difference_amount,
    fct_matches.decided_at,
    count(*) over () as row_count
from marts.fct_matches
where $run = '' or fct_matches.run_id = $run
order by fct_matches.decided_at desc nulls last, fct_matches.match_id
limit $limit offset $offset
