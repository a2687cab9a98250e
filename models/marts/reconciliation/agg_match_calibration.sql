-- Is a probability of 0.9 right nine times in ten? Held against what is known: the certain matches
-- of the training, and what reviewers have said to proposals.
with

certain as (select * from {{ ref('stg_tieout__match_calibrations') }}),

weights as (
    select distinct
        reconciliation,
        version
    from {{ ref('int_match_weights') }}
),

matches as (
    select *
    from {{ ref('int_matches__decided') }}
    where method = 'probabilistic'
),

bins as (select * from {{ ref('calibration_bins') }}),

reviewed as (
    select
        matches.reconciliation,
        matches.confidence,
        case when matches.decision = 'approved' then 1 else 0 end as is_right
    from matches
    where
        matches.decision in ('approved', 'rejected')
        or (matches.decision = 'reversed' and matches.reversal_reason = 'undone_by_a_person')
),

reviewed_bins as (
    select
        reviewed.reconciliation,
        bins.lower_bound,
        bins.upper_bound,
        count(*) as pair_count,
        sum(reviewed.confidence) as probability_total,
        sum(reviewed.is_right) as right_count,
        sum(
            cast(
                (reviewed.confidence - reviewed.is_right)
                * (reviewed.confidence - reviewed.is_right) as {{ amount_type() }}
            )
        ) as error_total
    from reviewed
    inner join bins
        on
            reviewed.confidence >= bins.lower_bound
            and reviewed.confidence < bins.upper_bound
    group by reviewed.reconciliation, bins.lower_bound, bins.upper_bound
),

final as (
    select
        'certain_matches' as evidence,
        certain.reconciliation,
        certain.lower_bound,
        certain.upper_bound,
        certain.pair_count,
        certain.mean_probability,
        certain.observed_share,
        certain.brier_score
    from certain
    inner join weights
        on
            certain.reconciliation = weights.reconciliation
            and certain.version = weights.version
    union all
    select
        'reviewers' as evidence,
        reviewed_bins.reconciliation,
        reviewed_bins.lower_bound,
        reviewed_bins.upper_bound,
        cast(reviewed_bins.pair_count as bigint) as pair_count,
        {{ decimal_divide('reviewed_bins.probability_total', 'reviewed_bins.pair_count', 6) }}
            as mean_probability,
        {{ decimal_divide('reviewed_bins.right_count', 'reviewed_bins.pair_count', 6) }}
            as observed_share,
        {{ decimal_divide('reviewed_bins.error_total', 'reviewed_bins.pair_count', 6) }}
            as brier_score
    from reviewed_bins
)

select * from final
