{#-
    CTEs that lay the items of each order out as ranges and say how much of each is covered, in its
    own currency (`item_part`) and in the match's (`match_part`), both without sign. A write-off
    covers all of its items: nothing stands against them.
    relation: CTE with decision_id, action, role, precedence, event_date, item_key, currency,
    match_currency, rate, item_digits, match_digits and capacity. name: of the last CTE.
-#}
{% macro cover_orders(relation, name) %}
{{ name }}_capacities as (
    select
        {{ relation }}.*,
        {{ round_amount(
            'cast(' ~ relation ~ '.capacity * ' ~ relation ~ '.rate as ' ~ amount_type() ~ ')',
            relation ~ '.match_digits'
        ) }} as match_capacity
    from {{ relation }}
),

{{ name }}_ranges as (
    select
        {{ name }}_capacities.*,
        coalesce(
            sum({{ name }}_capacities.match_capacity) over (
                partition by {{ name }}_capacities.decision_id, {{ name }}_capacities.role
                order by
                    {{ name }}_capacities.precedence nulls last,
                    {{ name }}_capacities.event_date nulls last,
                    {{ name }}_capacities.item_key nulls last
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as range_start,
        least(
            coalesce(
                sum(
                    case
                        when {{ name }}_capacities.role = 'to_cover'
                            then {{ name }}_capacities.match_capacity
                    end
                ) over (partition by {{ name }}_capacities.decision_id),
                0
            ),
            coalesce(
                sum(
                    case
                        when {{ name }}_capacities.role = 'covering'
                            then {{ name }}_capacities.match_capacity
                    end
                ) over (partition by {{ name }}_capacities.decision_id),
                0
            )
        ) as covered_total
    from {{ name }}_capacities
),

{{ name }}_parts as (
    select
        {{ name }}_ranges.*,
        cast(
            case
                when {{ name }}_ranges.action = 'write_off' then {{ name }}_ranges.match_capacity
                else greatest(
                    {{ zero() }},
                    least(
                        {{ name }}_ranges.match_capacity,
                        {{ name }}_ranges.covered_total - {{ name }}_ranges.range_start
                    )
                )
            end as {{ amount_type() }}
        ) as match_part
    from {{ name }}_ranges
),

{{ name }} as (
    select
        {{ name }}_parts.*,
        cast(
            case
                when {{ name }}_parts.match_part = {{ name }}_parts.match_capacity
                    then {{ name }}_parts.capacity
                when {{ name }}_parts.currency = {{ name }}_parts.match_currency
                    then {{ name }}_parts.match_part
                else {{ decimal_divide(
                    'cast(' ~ name ~ '_parts.capacity * ' ~ name ~ '_parts.match_part as '
                    ~ amount_type() ~ ')',
                    name ~ '_parts.match_capacity',
                    name ~ '_parts.item_digits'
                ) }}
            end as {{ amount_type() }}
        ) as item_part
    from {{ name }}_parts
)
{% endmacro %}


{# The id of the match that an order makes: named by the order, so that it is made once. #}
{% macro order_match_id(decision_id) -%}
    'm_' || substring({{ sha256_hex("'order|' || " ~ decision_id) }}, 1, 24)
{%- endmacro %}
