-- One row per comparison of the probabilistic pass: whether its pairs still are like those it
-- learned from; what has drifted first.
select
    agg_match_drift.reconciliation,
    agg_match_drift.comparison,
    agg_match_drift.weights_version,
    agg_match_drift.training_pairs,
    agg_match_drift.current_pairs,
    agg_match_drift.stability_index,
    agg_match_drift.critical_value,
    agg_match_drift.has_drifted
from marts.agg_match_drift
where $reconciliation = '' or agg_match_drift.reconciliation = $reconciliation
order by
    agg_match_drift.has_drifted desc,
    agg_match_drift.reconciliation,
    agg_match_drift.comparison
