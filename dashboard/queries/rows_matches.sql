-- One row per match, newest first, of one run, rule, reconciliation and decision (`closed` holds,
-- `asks` waits for a person, `refused` was rejected or undone), with a confidence from $least up to
-- below $below; an empty parameter filters nothing.
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
where
    ($run = '' or fct_matches.run_id = $run)
    and ($rule = '' or fct_matches.rule_id = $rule)
    and ($reconciliation = '' or fct_matches.reconciliation = $reconciliation)
    and case $decision
        when '' then true
        when 'closed' then fct_matches.is_live
        when 'asks' then fct_matches.decision in ('suggested', 'pending_approval')
        when 'refused' then fct_matches.decision in ('rejected', 'reversed')
        else fct_matches.decision = $decision
    end
    and ($method = '' or fct_matches.method = $method)
    and (
        $least = ''
        or fct_matches.confidence >= cast(nullif($least, '') as decimal(38, 10))
    )
    and (
        $below = ''
        or fct_matches.confidence < cast(nullif($below, '') as decimal(38, 10))
        or cast(nullif($below, '') as decimal(38, 10)) = 1 and fct_matches.confidence = 1
    )
order by fct_matches.decided_at desc nulls last, fct_matches.match_id
limit $limit offset $offset
