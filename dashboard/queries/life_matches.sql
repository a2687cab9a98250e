-- One row per match among $matches, with the rule behind it.
select
    fct_matches.match_id,
    fct_matches.reconciliation,
    fct_matches.rule_id,
    fct_matches.rule_version,
    fct_matches.pass,
    fct_matches.relation,
    fct_matches.method,
    fct_matches.confidence,
    fct_matches.decision,
    fct_matches.is_live,
    fct_matches.ambiguity,
    fct_matches.reversal_reason,
    fct_matches.explanation,
    fct_matches.item_count,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.difference_amount,
    fct_matches.adjustment_kind,
    fct_matches.decided_at,
    fct_matches.decided_by,
    fct_matches.run_id
from marts.fct_matches
where list_contains(cast($matches as varchar []), fct_matches.match_id)
order by fct_matches.decided_at, fct_matches.match_id
