{#-
    First step of judging pairs (int_pairs__probabilistic), as CTEs `measures` and `pair_levels`:
    where each measure falls in the table of weights. A measure that is absent has no level, and
    says nothing for or against.

    Reads the CTEs named pairs_relation (columns as `compared_pairs` yields them) and `weights`.
    Yields `pair_levels`, one row per pair and comparison with a level.
-#}
{% macro compared_levels(pairs_relation) %}
measures as (
    {% for comparison, column in comparisons().items() -%}
    select
        {{ pairs_relation }}.reconciliation,
        {{ pairs_relation }}.expected_unit,
        {{ pairs_relation }}.actual_unit,
        '{{ comparison }}' as comparison,
        {{ pairs_relation }}.{{ column }} as measure
    from {{ pairs_relation }}
    where {{ pairs_relation }}.{{ column }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

pair_levels as (
    select
        measures.reconciliation,
        measures.expected_unit,
        measures.actual_unit,
        measures.comparison,
        weights.level,
        weights.weight
    from measures
    inner join weights
        on
            measures.reconciliation = weights.reconciliation
            and measures.comparison = weights.comparison
            and measures.measure >= weights.lower_bound
            and (weights.upper_bound is null or measures.measure < weights.upper_bound)
)
{% endmacro %}
