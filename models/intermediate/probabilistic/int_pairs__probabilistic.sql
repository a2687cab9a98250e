-- What each pair is worth: by itself, and beside the other pairs of its two units. The steps are
-- macros in macros/cascade/likeness.
with

pairs as (select * from {{ ref('int_pairs__compared') }}),

weights as (select * from {{ ref('int_match_weights') }}),

{{ compared_levels('pairs') }},

{{ score_pairs() }},

{{ share_odds() }},

judged_pairs as (
    select
        scored.*,
        cast(round(posteriors.odds / (1e0 + posteriors.odds), 6) as {{ amount_type() }})
            as probability
    from scored
    inner join posteriors
        on
            scored.expected_unit = posteriors.expected_unit
            and scored.actual_unit = posteriors.actual_unit
),

ranked as (
    select
        judged_pairs.*,
        row_number() over (
            partition by judged_pairs.expected_unit
            order by
                judged_pairs.probability desc nulls last,
                judged_pairs.score desc nulls last,
                judged_pairs.actual_unit asc nulls last
        ) as rank_for_expected,
        row_number() over (
            partition by judged_pairs.actual_unit
            order by
                judged_pairs.probability desc nulls last,
                judged_pairs.score desc nulls last,
                judged_pairs.expected_unit asc nulls last
        ) as rank_for_actual
    from judged_pairs
),

-- the best score that each unit has elsewhere
best_scores as (
    select
        ranked.*,
        max(ranked.score) over (
            partition by ranked.expected_unit
            order by ranked.score desc nulls last, ranked.actual_unit asc nulls last
            rows between 1 following and unbounded following
        ) as next_for_expected,
        max(ranked.score) over (
            partition by ranked.expected_unit
            order by ranked.score desc nulls last, ranked.actual_unit asc nulls last
            rows between unbounded preceding and 1 preceding
        ) as better_for_expected,
        max(ranked.score) over (
            partition by ranked.actual_unit
            order by ranked.score desc nulls last, ranked.expected_unit asc nulls last
            rows between 1 following and unbounded following
        ) as next_for_actual,
        max(ranked.score) over (
            partition by ranked.actual_unit
            order by ranked.score desc nulls last, ranked.expected_unit asc nulls last
            rows between unbounded preceding and 1 preceding
        ) as better_for_actual
    from ranked
),

final as (
    select
        best_scores.reconciliation,
        best_scores.expected_unit,
        best_scores.actual_unit,
        best_scores.score,
        best_scores.prior_weight,
        {% for comparison in comparisons() -%}
        best_scores.{{ comparison }}_weight,
        {% endfor -%}
        best_scores.probability,
        cast(best_scores.rank_for_expected as bigint) as rank_for_expected,
        cast(best_scores.rank_for_actual as bigint) as rank_for_actual,
        cast(
            best_scores.score - coalesce(
                best_scores.better_for_expected,
                best_scores.next_for_expected
            ) as {{ amount_type() }}
        ) as margin_for_expected,
        cast(
            best_scores.score - coalesce(
                best_scores.better_for_actual,
                best_scores.next_for_actual
            ) as {{ amount_type() }}
        ) as margin_for_actual
    from best_scores
)

select * from final
