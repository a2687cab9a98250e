-- Guards: what an indicator is broken down by (tiers, gateways, files) makes up the company, in
-- every window: no event is nobody's, none is two parts'.
-- Breaks when: a join to customers, cases or items loses events or counts them twice. In silence,
-- the gateway whose bad events are missing would look well.
{{ config(tags=['after_seal'], meta={'dagster': {'ref': {'name': 'agg_sli_breakdowns'}}}) }}

with

breakdowns as (select * from {{ ref('agg_sli_breakdowns') }}),

targets as (select * from {{ ref('slo_targets') }}),

made_up as (
    select
        breakdowns.sli,
        breakdowns.window_name,
        breakdowns.dimension,
        sum(breakdowns.numerator) as numerator,
        sum(breakdowns.denominator) as denominator
    from breakdowns
    group by breakdowns.sli, breakdowns.window_name, breakdowns.dimension
),

promised as (
    {%- for dimension in ['tier', 'gateway', 'batch'] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        targets.sli,
        targets.unit,
        '{{ dimension }}' as dimension
    from targets
    where concat(';', targets.dimensions, ';') like '%;{{ dimension }};%'
    {%- endfor %}
),

final as (
    select
        company.sli,
        company.window_name,
        promised.dimension,
        company.numerator,
        parts.numerator as numerator_of_parts,
        company.denominator,
        parts.denominator as denominator_of_parts
    from made_up as company
    inner join promised
        on company.sli = promised.sli
    left join made_up as parts
        on
            company.sli = parts.sli
            and company.window_name = parts.window_name
            and promised.dimension = parts.dimension
    where
        company.dimension = 'company'
        and (
            company.numerator <> coalesce(parts.numerator, 0)
            -- each part of a queue has days of its own
            or (promised.unit <> 'count' and company.denominator <> coalesce(parts.denominator, 0))
        )
)

select * from final
