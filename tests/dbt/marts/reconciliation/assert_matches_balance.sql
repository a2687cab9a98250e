-- Invariant 2. Guards: in every match that counts, the allocated parts of both sides are equal in
-- the match's currency, the adjustments explain its difference exactly and are of a kind that has
-- an account, and the difference lies within the tolerance of its rule (a person's match has none).
-- Breaks when: an allocation is rounded on one side only, a tolerance is checked against another
-- base than the one it is granted on, or a residue is closed without a name. In silence, money
-- would vanish inside matches that look clean.
{%- set kept = {
    'by': 'match_id',
    'read': {'fct_matches': 'match_id', 'fct_match_allocations': 'match_id'},
    'looked_up': 'int_fx_rates__daily',
    'asked': 'select match_id from marts.fct_matches '
    'where (cast(decided_at as date), currency) in '
    '(select rate_date, base_currency from changes.int_fx_rates__daily)',
} -%}
{{ config(meta={'kept': kept, 'dagster': {'ref': {'name': 'fct_matches'}}}) }}

with

matches as (
    select *
    from {{ ref('fct_matches') }}
    where is_live
),

allocations as (select * from {{ ref('fct_match_allocations') }}),

rules as (select * from {{ ref('match_rules') }}),

currencies as (select * from {{ ref('currencies') }}),

posting_rules as (select * from {{ ref('posting_rules') }}),

posting_reconciliations as (
    select distinct posting_rules.reconciliation
    from posting_rules
),

sides as (
    select
        allocations.match_id,
        count(*) as item_count,
        max(
            case
                when
                    allocations.allocated_amount + allocations.adjusted_amount
                    + allocations.match_amount + allocations.match_adjusted_amount is null
                    then 1
                when
                    allocations.currency = allocations.match_currency
                    and (
                        allocations.match_amount <> allocations.allocated_amount
                        or allocations.match_adjusted_amount <> allocations.adjusted_amount
                    )
                    then 1
                -- what is converted keeps its direction
                when
                    sign(allocations.match_amount) = -sign(allocations.allocated_amount)
                    and allocations.allocated_amount <> {{ zero() }}
                    then 1
                when
                    sign(allocations.match_adjusted_amount) = -sign(allocations.adjusted_amount)
                    and allocations.adjusted_amount <> {{ zero() }}
                    then 1
                else 0
            end
        ) as is_incomplete,
        sum(
            case when allocations.side = 'actual' then 1 else -1 end * allocations.match_amount
        ) as allocated_difference,
        sum(
            case
                when allocations.side = 'expected' then abs(allocations.match_amount)
                else {{ zero() }}
            end
        ) as expected_amount,
        sum(
            case
                when allocations.currency = allocations.match_currency
                    then
                        case when allocations.side = 'actual' then 1 else -1 end
                        * allocations.adjusted_amount
                else {{ zero() }}
            end
        ) as own_currency_adjusted,
        sum(
            case when allocations.side = 'actual' then 1 else -1 end
            * allocations.match_adjusted_amount
        ) as adjusted_difference
    from allocations
    group by allocations.match_id
),

unnamed_adjustments as (
    select
        allocations.match_id,
        count(*) as unnamed_count
    from allocations
    left join posting_reconciliations
        on allocations.reconciliation = posting_reconciliations.reconciliation
    left join posting_rules
        on
            allocations.reconciliation = posting_rules.reconciliation
            and allocations.adjustment_kind = posting_rules.posting_kind
    where
        allocations.adjusted_amount <> {{ zero() }}
        and (
            allocations.adjustment_kind is null
            or (
                posting_reconciliations.reconciliation is not null
                and posting_rules.posting_kind is null
            )
        )
    group by allocations.match_id
),

checked as (
    select
        matches.match_id,
        matches.rule_id,
        matches.method,
        matches.currency,
        matches.difference_amount,
        matches.item_count as stated_item_count,
        sides.item_count,
        sides.is_incomplete,
        sides.allocated_difference,
        sides.own_currency_adjusted,
        sides.adjusted_difference,
        coalesce(unnamed_adjustments.unnamed_count, 0) as unnamed_count,
        rules.rule_id is not null as has_rule,
        currencies.minor_digits,
        greatest(
            rules.tolerance_minor_units
            * {{ unit_of_scale('coalesce(currencies.minor_digits, 2)') }},
            -- of the larger side, as the tolerance was granted: from either side the same answer
            rules.tolerance_relative
            * (
                sides.expected_amount
                + greatest(
                    abs(sides.own_currency_adjusted),
                    abs(coalesce(matches.difference_amount, {{ zero() }}))
                )
            )
        ) as tolerance,
        -- one in the reporting currency was granted at the rate of the match's last fact, and is
        -- held against that of the decision: a tenth is left for what the rate has moved between
        coalesce(
            abs(matches.difference_amount) * coalesce(rates.rate, 1)
            <= 1.1 * rules.tolerance_reporting,
            false
        ) as is_within_reporting
    from matches
    left join sides
        on matches.match_id = sides.match_id
    left join unnamed_adjustments
        on matches.match_id = unnamed_adjustments.match_id
    left join rules
        on matches.rule_id = rules.rule_id and matches.rule_version = rules.rule_version
    left join currencies
        on matches.currency = currencies.code
    left join {{ ref('int_fx_rates__daily') }} as rates
        on
            cast(matches.decided_at as date) = rates.rate_date
            and matches.currency = rates.base_currency
            and rates.quote_currency = {{ reporting_currency() }}
),

failures as (
    select
        checked.*,
        case
            when checked.item_count is null or checked.item_count <> checked.stated_item_count
                then 'items are missing from the match'
            when checked.is_incomplete = 1
                then 'an allocation is null, or differs between its currencies'
            when checked.allocated_difference <> {{ zero() }}
                then 'the allocated parts of the two sides differ'
            when checked.difference_amount is null then 'the difference is null'
            when checked.adjusted_difference <> checked.difference_amount
                then 'the adjustments do not explain the difference'
            when checked.unnamed_count > 0 then 'an adjustment has no kind, or one without account'
            when checked.method <> 'manual' and not checked.has_rule
                then 'the rule is not in the seed'
            when
                checked.method <> 'manual'
                and abs(checked.difference_amount) > checked.tolerance
                and not checked.is_within_reporting
                then 'the difference is beyond the tolerance of the rule'
        end as failure
    from checked
),

final as (
    select *
    from failures
    where failure is not null
)

select * from final
