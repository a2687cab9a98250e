{#-
    Third step of settling, as CTEs `compared` to `ruled`: what the difference of a group is called (its
    relation), and the rule that its pass has for it.

    Relations are rows of seeds/match_relations.csv. Equal sides are `exact`; a difference within the
    tolerance of a rule has that rule's relation, the narrowest first; one that an allowance of the
    documents explains has the allowance's; else an advice may say what is paid, and the rest is a part
    or too much. Sides of several currencies are held against the rates.

    Reads what `price_groups` yields, `rules`, `canaries`, `allowances`. Yields `ruled`, one
    row a group, and `item_allowances`.
-#}
{% macro relate_groups() %}
compared as (
    select
        group_links.*,
        group_currencies.match_currency,
        group_currencies.has_several_match_currencies,
        group_currencies.has_several_currencies,
        group_families.expected_units,
        group_families.actual_units,
        group_families.arm_family_id,
        group_families.is_other_payer,
        group_families.is_same_payer,
        group_currencies.has_money_going_back,
        group_totals.expected_amount,
        group_totals.actual_amount,
        group_totals.has_no_rate,
        -- no rate explains what was sent short or beyond in the currency of the documents itself
        coalesce(
            sent_amounts.sent_count = group_totals.actual_count
            and sent_amounts.sent_amount <> group_totals.expected_amount,
            false
        ) as is_sent_otherwise,
        cast(group_totals.actual_amount - group_totals.expected_amount as {{ amount_type() }})
            as difference,
        -- positive when more came in than is owed, also where both sides are negative
        case
            when group_totals.expected_amount < 0
                then group_totals.expected_amount - group_totals.actual_amount
            else group_totals.actual_amount - group_totals.expected_amount
        end as excess,
        coalesce(
            group_totals.is_advice_complete = 1
            and group_links.stated_count = group_links.link_count
            and group_families.actual_units = 1
            and not group_currencies.has_several_currencies
            and group_totals.advised_amount = group_totals.actual_amount,
            false
        ) as is_advised,
        greatest(abs(group_totals.expected_amount), abs(group_totals.actual_amount))
            as tolerance_base,
        -- ceilings are in the reporting currency; without a rate the bare amount is held against
        -- them
        cast(abs(group_totals.expected_amount) * coalesce(fx_rates.rate, 1) as {{ amount_type() }})
            as base_amount,
        coalesce(fx_rates.rate, 1) as base_rate,
        {{ unit_of_scale('coalesce(currencies.minor_digits, 2)') }} as minor_unit
    from group_links
    inner join group_currencies
        on group_links.group_name = group_currencies.group_name
    inner join group_families
        on group_links.group_name = group_families.group_name
    inner join group_totals
        on group_links.group_name = group_totals.group_name
    left join sent_amounts
        on group_links.group_name = sent_amounts.group_name
    left join currencies
        on group_currencies.match_currency = currencies.code
    left join fx_rates
        on
            group_currencies.latest_date = fx_rates.rate_date
            and group_currencies.match_currency = fx_rates.base_currency
            and fx_rates.quote_currency = {{ reporting_currency() }}
),

-- what each kind of allowance lets be missing from the whole group, at the time of its payment
item_allowances as (
    select
        priced_items.group_name,
        priced_items.item_key,
        priced_items.side,
        allowances.kind,
        allowances.basis,
        allowances.amount
    from priced_items
    inner join allowances
        on priced_items.item_key = allowances.item_key
    inner join group_currencies
        on priced_items.group_name = group_currencies.group_name
    where
        not group_currencies.has_several_currencies
        and (
            allowances.valid_until is null
            or group_currencies.latest_payment_date <= allowances.valid_until
        )
),

group_allowances as (
    select
        item_allowances.group_name,
        item_allowances.kind,
        item_allowances.basis,
        cast(sum(item_allowances.amount) as {{ amount_type() }}) as amount
    from item_allowances
    group by item_allowances.group_name, item_allowances.kind, item_allowances.basis
),

-- a new version of a rule is tried on a share of parties
armed as (
    select
        compared.*,
        {{ arm_of('compared.arm_family_id', 'canaries.arm_share') }} as arm
    from compared
    left join canaries
        on
            compared.reconciliation = canaries.reconciliation
            and compared.pass = canaries.pass
    where compared.has_no_rate = 0
),

-- A difference is explained by one kind of allowance, to the minor unit of each document; two kinds
-- that would both explain it leave it to a person.
explanations as (
    select
        compared.group_name,
        min(group_allowances.kind) as kind,
        min_by(group_allowances.basis, group_allowances.kind || '|' || group_allowances.basis)
            as basis,
        count(distinct group_allowances.kind) as kinds
    from armed as compared
    inner join group_allowances
        on compared.group_name = group_allowances.group_name
    inner join rules
        on
            compared.reconciliation = rules.reconciliation
            and compared.pass = rules.pass
            and group_allowances.kind = rules.relation
            and compared.arm = rules.arm
    where
        compared.difference < 0
        and compared.expected_amount > 0
        and abs(compared.difference + group_allowances.amount)
        <= compared.minor_unit * compared.expected_units
        and {{ is_tolerated('rules') }}
    group by compared.group_name
),

-- Differences that a rule lets pass, whatever explains them. Rounding asks no more; beyond that an
-- explanation is better.
tolerances as (
    select
        compared.group_name,
        min_by(rules.relation, rules.rule_id) as relation,
        max(case when rules.relation = 'rounding' then 1 else 0 end) as is_rounding
    from armed as compared
    inner join rules
        on
            compared.reconciliation = rules.reconciliation
            and compared.pass = rules.pass
            and compared.arm = rules.arm
    where
        rules.relation_kind = 'tolerance'
        and not compared.has_several_currencies
        and compared.difference <> 0
        and {{ is_tolerated('rules') }}
        and (rules.payer <> 'same' or compared.is_same_payer)
    group by compared.group_name
),

related as (
    select
        compared.*,
        explanations.kind as explanation_kind,
        explanations.basis as explanation_basis,
        coalesce(explanations.kinds, 0) as explanation_kinds,
        case
            when compared.has_several_currencies
                then
                    case
                        when compared.is_sent_otherwise then 'mismatch'
                        when
                            {{ is_tolerated('cross_rules') }}
                            then 'cross_currency'
                        -- so much is gained or lost on the way from the invoice to its payment
                        when
                            abs(invoice_day_values.paid_amount - invoice_day_values.document_value)
                            <= cross_rules.tolerance_relative * greatest(
                                abs(invoice_day_values.paid_amount),
                                abs(invoice_day_values.document_value)
                            )
                            and {{ is_tolerated('invoice_rate_rules') }}
                            then 'invoice_rate'
                        else 'mismatch'
                    end
            when compared.difference = 0 then 'exact'
            when tolerances.is_rounding = 1 then 'rounding'
            when explanations.kind is not null then explanations.kind
            when compared.is_advised then 'advised'
            when tolerances.relation is not null then tolerances.relation
            when compared.excess < 0 then 'partial'
            else 'overpaid'
        end as stated_relation
    from armed as compared
    left join explanations
        on compared.group_name = explanations.group_name
    left join tolerances
        on compared.group_name = tolerances.group_name
    left join rules as cross_rules
        on
            compared.reconciliation = cross_rules.reconciliation
            and compared.pass = cross_rules.pass
            and compared.arm = cross_rules.arm
            and cross_rules.relation = 'cross_currency'
    left join rules as invoice_rate_rules
        on
            compared.reconciliation = invoice_rate_rules.reconciliation
            and compared.pass = invoice_rate_rules.pass
            and compared.arm = invoice_rate_rules.arm
            and invoice_rate_rules.relation = 'invoice_rate'
    left join invoice_day_values
        on compared.group_name = invoice_day_values.group_name
),

-- a relation that a pass has no rule for is a mismatch: it is shown, never closed
ruled as (
    select
        related.*,
        mismatch_rules.place_in_wave,
        coalesce(rules.relation, 'mismatch') as relation,
        coalesce(rules.rule_id, mismatch_rules.rule_id) as rule_id,
        coalesce(rules.rule_version, mismatch_rules.rule_version) as rule_version,
        coalesce(rules.closes_by_itself, false) as closes_by_itself,
        rules.why_a_person,
        rules.paused_customers,
        coalesce(rules.payer, mismatch_rules.payer) as payer,
        rules.method,
        rules.adjustment_kind,
        rules.largest_amount,
        rules.days_before,
        rules.days_after
    from related
    left join rules
        on
            related.reconciliation = rules.reconciliation
            and related.pass = rules.pass
            and related.arm = rules.arm
            and related.stated_relation = rules.relation
    inner join rules as mismatch_rules
        on
            related.reconciliation = mismatch_rules.reconciliation
            and related.pass = mismatch_rules.pass
            and related.arm = mismatch_rules.arm
            and mismatch_rules.relation = 'mismatch'
)
{%- endmacro %}


{#-
    Whether a rule lets the difference of the group `compared` pass: so many minor units of the match's
    currency, so large a part of the larger side, or so much in the reporting currency.
-#}
{% macro is_tolerated(rule) -%}
(
            abs(compared.difference) <= greatest(
                {{ rule }}.tolerance_minor_units * compared.minor_unit,
                {{ rule }}.tolerance_relative * compared.tolerance_base
            )
            or abs(compared.difference) * compared.base_rate <= {{ rule }}.tolerance_reporting
        )
{%- endmacro %}
