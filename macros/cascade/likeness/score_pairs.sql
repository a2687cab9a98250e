{#-
    Second step of judging pairs, as CTE `scored`: the log-odds of a pair by itself, which are the
    prior and the weight of each comparison's level.

    Reads `pair_levels`, `weights`. Yields `scored`, one row per pair.
-#}
{% macro score_pairs() %}
scored as (
    select
        pair_levels.reconciliation,
        pair_levels.expected_unit,
        pair_levels.actual_unit,
        cast(priors.weight + sum(pair_levels.weight) as {{ amount_type() }}) as score,
        priors.weight as prior_weight,
        {% for comparison in comparisons() -%}
        cast(
            sum(
                case
                    when pair_levels.comparison = '{{ comparison }}' then pair_levels.weight
                    else 0
                end
            ) as {{ amount_type() }}
        ) as {{ comparison }}_weight{{ ',' if not loop.last }}
        {% endfor %}
    from pair_levels
    inner join weights as priors
        on
            pair_levels.reconciliation = priors.reconciliation
            and priors.comparison = 'prior'
    group by
        pair_levels.reconciliation,
        pair_levels.expected_unit,
        pair_levels.actual_unit,
        priors.weight
)
{%- endmacro %}
