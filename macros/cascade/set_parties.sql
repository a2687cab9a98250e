{#-
    What the parties of a model of units have on both sides, from which the searches tell how much there is
    to look at, and how likely sums are to agree by chance: the body of int_sets__parties and its like.

    credits: what tells a credit memo among the units.
-#}
{% macro set_parties(units_model, pass_name, credits='units.amount < 0') %}
with

units as (select * from {{ ref(units_model) }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = '{{ pass_name }}' and relation = 'exact' and rollout = 'stable'
),

parties as (
    select
        units.party_number,
        min(units.reconciliation) as reconciliation,
        count(case when units.side = 'expected' then 1 end) as expected_count,
        count(case when units.side = 'actual' then 1 end) as actual_count,
        sum(case when units.side = 'expected' then abs(units.amount) end) as expected_total,
        sum(case when units.side = 'actual' then abs(units.amount) end) as actual_total,
        max(case when units.side = 'expected' and ({{ credits }}) then 1 else 0 end) = 1
            as expected_has_credits,
        max(case when units.side = 'actual' and ({{ credits }}) then 1 else 0 end) = 1
            as actual_has_credits,
        -- round amounts add up to one another more often
        min(
            case
                when units.amount % 1000 = 0 then cast(1000 as decimal(18, 4))
                when units.amount % 100 = 0 then 100
                when units.amount % 10 = 0 then 10
                when units.amount % 1 = 0 then 1
                when units.amount % cast(0.1 as decimal(18, 4)) = 0 then 0.1
                when units.amount % cast(0.01 as decimal(18, 4)) = 0 then 0.01
                else 0.001
            end
        ) as granularity
    from units
    group by units.party_number
),

final as (
    select
        parties.*,
        rules.days_before,
        rules.days_after
    from parties
    inner join rules
        on parties.reconciliation = rules.reconciliation
)

select * from final
{% endmacro %}
