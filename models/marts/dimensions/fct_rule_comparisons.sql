with

rules as (select * from {{ ref('int_match_rules__valid') }}),

matches as (select * from {{ ref('int_matches__decided') }}),

proposals as (select * from {{ ref('int_allocations__proposed') }}),

currencies as (select * from {{ ref('currencies') }}),

fx_rates as (
    select *
    from {{ ref('int_fx_rates__daily') }}
    where quote_currency = {{ reporting_currency() }}
),

-- each version that may close, with and without its certificate, beside the other
pairs as (
    select
        canaries.rule_id,
        canaries.reconciliation,
        canaries.pass,
        canaries.relation,
        canaries.relation = 'exact' or canaries.adjustment_kind is not null as limits_difference,
        stables.rule_version as stable_version,
        canaries.rule_version as canary_version,
        stables.tolerance_minor_units as stable_minor_units,
        stables.tolerance_relative as stable_relative,
        stables.largest_amount as stable_largest_amount,
        coalesce(stables.why_a_person, '') <> 'rule_asks_a_person' as stable_may_close,
        canaries.tolerance_minor_units as canary_minor_units,
        canaries.tolerance_relative as canary_relative,
        canaries.largest_amount as canary_largest_amount,
        coalesce(canaries.why_a_person, '') <> 'rule_asks_a_person' as canary_may_close
    from rules as canaries
    inner join rules as stables
        on canaries.rule_id = stables.rule_id
    where canaries.rollout = 'canary' and stables.rollout = 'stable'
),

-- what is open on both sides of a group that this run settled
totals as (
    select
        proposals.match_id,
        min(proposals.expected_total) as expected_total,
        min(proposals.actual_total) as actual_total
    from proposals
    group by proposals.match_id
),

considered as (
    select
        pairs.*,
        matches.match_id,
        matches.rule_version as decided_version,
        matches.decision,
        matches.relation as decided_relation,
        matches.ambiguity,
        matches.currency,
        cast(coalesce(abs(totals.expected_total), matches.amount) as {{ amount_type() }}) as amount,
        cast(
            coalesce(totals.actual_total - totals.expected_total, matches.difference_amount)
            as {{ amount_type() }}
        ) as difference_amount,
        coalesce(currencies.minor_digits, 2) as minor_digits,
        cast(
            coalesce(abs(totals.expected_total), matches.amount) * coalesce(fx_rates.rate, 1)
            as {{ amount_type() }}
        ) as base_amount
    from pairs
    inner join matches
        on
            pairs.reconciliation = matches.reconciliation
            and pairs.pass = matches.pass
    left join totals
        on matches.match_id = totals.match_id
    left join currencies
        on matches.currency = currencies.code
    left join fx_rates
        on
            coalesce(cast(matches.decided_at as date), {{ as_of_date() }}) = fx_rates.rate_date
            and matches.currency = fx_rates.base_currency
),

tolerated as (
    select
        considered.*,
        case
            when considered.limits_difference
                then
                    abs(considered.difference_amount) <= greatest(
                        considered.stable_minor_units
                        * {{ unit_of_scale('considered.minor_digits') }},
                        considered.stable_relative * considered.amount
                    )
            else considered.decided_relation = considered.relation
        end as stable_fits,
        case
            when considered.limits_difference
                then
                    abs(considered.difference_amount) <= greatest(
                        considered.canary_minor_units
                        * {{ unit_of_scale('considered.minor_digits') }},
                        considered.canary_relative * considered.amount
                    )
            else considered.decided_relation = considered.relation
        end as canary_fits,
        -- what stands in the way is the rule alone, not another match that fits as well
        coalesce(
            considered.ambiguity in (
                'rule_asks_a_person', 'above_ceiling', 'not_certified', 'breaker_open',
                'closing_paused', 'amounts_differ'
            ),
            true
        ) as is_plain
    from considered
    where
        considered.decided_relation = considered.relation
        or (
            considered.relation in ('rounding', 'cross_currency')
            and considered.decided_relation in ('mismatch', 'partial', 'overpaid')
            and considered.difference_amount <> 0
        )
),

judged as (
    select
        tolerated.*,
        tolerated.is_plain
        and tolerated.stable_fits
        and tolerated.stable_may_close
        and tolerated.base_amount <= tolerated.stable_largest_amount as stable_closes,
        tolerated.is_plain
        and tolerated.canary_fits
        and tolerated.canary_may_close
        and tolerated.base_amount <= tolerated.canary_largest_amount as canary_closes
    from tolerated
    where tolerated.stable_fits or tolerated.canary_fits
),

final as (
    select
        judged.rule_id,
        judged.stable_version,
        judged.canary_version,
        judged.match_id,
        judged.reconciliation,
        judged.decided_version,
        judged.decision,
        judged.amount,
        judged.difference_amount,
        judged.currency,
        judged.stable_closes,
        judged.canary_closes,
        judged.stable_closes <> judged.canary_closes as is_different
    from judged
)

select * from final
