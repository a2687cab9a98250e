-- Have the pairs that the probabilistic pass weighs changed since its weights were learned? The
-- population stability index of each comparison's levels, beside what chance alone would reach.
-- Yurdakul (2018): without change the index is close to chi-squared with as many degrees of freedom
-- as there are levels less one, times the sum of both samples' inverse sizes.
with

pairs as (select * from {{ ref('int_pairs__compared') }}),

weights as (select * from {{ ref('int_match_weights') }}),

{{ compared_levels('pairs') }},

-- what was learned from open pairs can drift; shipped weights were not
training_sizes as (
    select
        weights.reconciliation,
        weights.version,
        weights.pair_share as training_pairs
    from weights
    where weights.comparison = 'prior' and weights.pair_share > 1
),

level_counts as (
    select
        pair_levels.reconciliation,
        pair_levels.comparison,
        pair_levels.level,
        count(*) as pair_count
    from pair_levels
    group by pair_levels.reconciliation, pair_levels.comparison, pair_levels.level
),

comparison_counts as (
    select
        level_counts.reconciliation,
        level_counts.comparison,
        sum(level_counts.pair_count) as pair_count
    from level_counts
    group by level_counts.reconciliation, level_counts.comparison
),

-- an empty level would make the index infinite
shares as (
    select
        weights.reconciliation,
        weights.comparison,
        weights.level,
        training_sizes.version,
        cast(training_sizes.training_pairs as double) as training_pairs,
        cast(comparison_counts.pair_count as double) as current_pairs,
        greatest(cast(weights.pair_share as double), 0.0001e0) as training_share,
        greatest(
            cast(coalesce(level_counts.pair_count, 0) as double) / comparison_counts.pair_count,
            0.0001e0
        ) as current_share
    from weights
    inner join training_sizes
        on weights.reconciliation = training_sizes.reconciliation
    inner join comparison_counts
        on
            weights.reconciliation = comparison_counts.reconciliation
            and weights.comparison = comparison_counts.comparison
    left join level_counts
        on
            weights.reconciliation = level_counts.reconciliation
            and weights.comparison = level_counts.comparison
            and weights.level = level_counts.level
),

indices as (
    select
        shares.reconciliation,
        shares.comparison,
        min(shares.version) as weights_version,
        count(*) as level_count,
        max(shares.training_pairs) as training_pairs,
        max(shares.current_pairs) as current_pairs,
        sum(
            cast(
                (shares.current_share - shares.training_share)
                * ln(shares.current_share / shares.training_share) as {{ amount_type() }}
            )
        ) as stability_index,
        max(1e0 / shares.training_pairs + 1e0 / shares.current_pairs) as inverse_size
    from shares
    group by shares.reconciliation, shares.comparison
),

final as (
    select
        indices.reconciliation,
        indices.comparison,
        indices.weights_version,
        cast(indices.training_pairs as bigint) as training_pairs,
        cast(indices.current_pairs as bigint) as current_pairs,
        cast(indices.stability_index as {{ amount_type() }}) as stability_index,
        cast(
            indices.inverse_size * (
                (indices.level_count - 1) + 1.645e0 * sqrt(2e0 * (indices.level_count - 1))
            ) as {{ amount_type() }}
        ) as critical_value,
        cast(indices.stability_index as double) > indices.inverse_size * (
            (indices.level_count - 1) + 1.645e0 * sqrt(2e0 * (indices.level_count - 1))
        ) as has_drifted
    from indices
)

select * from final
