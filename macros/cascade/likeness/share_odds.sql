{#-
    Third step of judging pairs, as CTEs `message_0` to `posteriors`: the odds of a pair beside the
    other pairs of its two units, because an item has one partner. Belief propagation on the pairs:
    some rounds of "how good is this pair beside all others of the one side, given what these have
    on the other". With one partner possible the odds are the score's; two equal ones share them.
    Messages are decimals, so that sums do not depend on the order of rows.

    Reads `scored`. Yields `posteriors`, one row per pair that is not too unlikely to matter.
-#}
{% macro share_odds(rounds=6) %}
{%- set odds_type = 'decimal(38, 12)' %}
-- odds beyond e^18 either way say no more, and what is below e^-6 weighs nothing beside them
message_0 as (
    select
        scored.expected_unit,
        scored.actual_unit,
        cast(exp(least(18e0, cast(scored.score as double))) as {{ odds_type }}) as pair_odds,
        cast(exp(least(18e0, cast(scored.score as double))) as {{ odds_type }}) as from_expected
    from scored
    where scored.score > -6
),
{% for round in range(1, rounds + 1) %}
reply_{{ round }} as (
    select
        message_{{ round - 1 }}.expected_unit,
        message_{{ round - 1 }}.actual_unit,
        message_{{ round - 1 }}.pair_odds,
        cast(
            cast(message_{{ round - 1 }}.pair_odds as double) / (
                1e0 + cast(
                    sum(message_{{ round - 1 }}.from_expected) over (
                        partition by message_{{ round - 1 }}.actual_unit
                    ) - message_{{ round - 1 }}.from_expected as double
                )
            ) as {{ odds_type }}
        ) as from_actual
    from message_{{ round - 1 }}
),

message_{{ round }} as {{ materialized() }} (
    select
        reply_{{ round }}.expected_unit,
        reply_{{ round }}.actual_unit,
        reply_{{ round }}.pair_odds,
        {% if loop.last %}reply_{{ round }}.from_actual,{% endif %}
        cast(
            cast(reply_{{ round }}.pair_odds as double) / (
                1e0 + cast(
                    sum(reply_{{ round }}.from_actual) over (
                        partition by reply_{{ round }}.expected_unit
                    ) - reply_{{ round }}.from_actual as double
                )
            ) as {{ odds_type }}
        ) as from_expected
    from reply_{{ round }}
),
{% endfor %}
posteriors as (
    select
        message_{{ rounds }}.expected_unit,
        message_{{ rounds }}.actual_unit,
        cast(message_{{ rounds }}.from_expected as double)
        * cast(message_{{ rounds }}.from_actual as double)
        / cast(message_{{ rounds }}.pair_odds as double) as odds
    from message_{{ rounds }}
)
{%- endmacro %}
