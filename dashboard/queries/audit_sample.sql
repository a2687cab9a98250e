-- One row per close of the sample, in the random order of its ids; blanks filter nothing.
-- $outcome: open | confirmed | false. $left_out: matches that somebody has judged since, or skips.
select
    fct_audit_sample.match_id,
    fct_audit_sample.rule_id,
    fct_audit_sample.sampled_at,
    fct_audit_sample.outcome,
    fct_matches.reconciliation,
    fct_matches.explanation,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.decision,
    count(*) over () as row_count
from marts.fct_audit_sample
inner join marts.fct_matches
    on fct_audit_sample.match_id = fct_matches.match_id
where
    ($outcome = '' or fct_audit_sample.outcome = $outcome)
    and ($rule = '' or fct_audit_sample.rule_id = $rule)
    and not list_contains(cast($left_out as varchar []), fct_audit_sample.match_id)
order by fct_audit_sample.match_id
limit $limit offset $offset
