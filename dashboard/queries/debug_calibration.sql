-- One row per kind of evidence, reconciliation and bin of probability: said against found.
select
    agg_match_calibration.evidence,
    agg_match_calibration.reconciliation,
    agg_match_calibration.lower_bound,
    -- the last bin holds certainty, too
    least(agg_match_calibration.upper_bound, 1) as upper_bound,
    agg_match_calibration.pair_count,
    agg_match_calibration.mean_probability,
    agg_match_calibration.observed_share,
    agg_match_calibration.brier_score,
    agg_match_calibration.observed_share - agg_match_calibration.mean_probability as difference,
    max(abs(agg_match_calibration.observed_share - agg_match_calibration.mean_probability))
        over () as largest_difference
from marts.agg_match_calibration
where $reconciliation = '' or agg_match_calibration.reconciliation = $reconciliation
order by
    agg_match_calibration.evidence,
    agg_match_calibration.reconciliation,
    agg_match_calibration.lower_bound
