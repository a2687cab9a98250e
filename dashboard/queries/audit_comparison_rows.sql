-- One row per match that two versions of a rule were compared on, where they differ first.
-- $which: different | only_stable | only_canary | all.
select
    fct_rule_comparisons.match_id,
    fct_rule_comparisons.reconciliation,
    fct_rule_comparisons.decided_version,
    fct_rule_comparisons.decision,
    fct_rule_comparisons.amount,
    fct_rule_comparisons.difference_amount,
    fct_rule_comparisons.currency,
    fct_rule_comparisons.stable_closes,
    fct_rule_comparisons.canary_closes,
    fct_rule_comparisons.is_different,
    fct_matches.explanation,
    count(*) over () as row_count
from marts.fct_rule_comparisons
left join marts.fct_matches
    on fct_rule_comparisons.match_id = fct_matches.match_id
where
    fct_rule_comparisons.rule_id = $rule
    and (
        $which = 'all'
        or ($which = 'different' and fct_rule_comparisons.is_different)
        or (
            $which = 'only_stable'
            and fct_rule_comparisons.stable_closes
            and not fct_rule_comparisons.canary_closes
        )
        or (
            $which = 'only_canary'
            and fct_rule_comparisons.canary_closes
            and not fct_rule_comparisons.stable_closes
        )
    )
order by
    fct_rule_comparisons.is_different desc,
    fct_rule_comparisons.amount desc,
    fct_rule_comparisons.match_id
limit $limit offset $offset
