{#-
    CTE `rules`: the rules in force by arm, and CTE `canaries`: the share of parties in the canary arm of
    each reconciliation and pass that has one. The arm `stable` has the stable versions; the arm `canary` has
    the same with each canary in place of its stable version. A fixture without rollout is stable.
-#}
{% macro rule_arms() %}
placed_rules as (
    select
        valid_rules.*,
        coalesce(valid_rules.rollout, 'stable') = 'canary' as is_canary,
        row_number() over (
            partition by valid_rules.reconciliation, valid_rules.pass, valid_rules.relation
            order by
                case when valid_rules.rollout = 'canary' then 0 else 1 end asc nulls last,
                valid_rules.rule_id asc nulls last
        ) as place
    from {{ ref('int_match_rules__valid') }} as valid_rules
),

canaries as (
    select
        placed_rules.reconciliation,
        placed_rules.pass,
        max(placed_rules.canary_share) as arm_share
    from placed_rules
    where placed_rules.is_canary
    group by placed_rules.reconciliation, placed_rules.pass
),

rules as (
    select
        placed_rules.*,
        'stable' as arm
    from placed_rules
    where not placed_rules.is_canary
    union all
    select
        placed_rules.*,
        'canary' as arm
    from placed_rules
    inner join canaries
        on
            placed_rules.reconciliation = canaries.reconciliation
            and placed_rules.pass = canaries.pass
    where placed_rules.place = 1
)
{% endmacro %}


{# Which arm the party `family_id` is in: a salted draw, the same in every run and pass. #}
{% macro arm_of(family_id, arm_share) -%}
    {%- set draw = sha256_hex("'tieout canary 1|' || coalesce(" ~ family_id ~ ", '')") -%}
    case
        when {{ arm_share }} is null then 'stable'
        when {{ hash_bucket(draw) }} < {{ arm_share }} * 65536 then 'canary'
        else 'stable'
    end
{%- endmacro %}
