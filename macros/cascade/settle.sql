{#-
    From links to settled matches: the body of every int_pass__ model.

    A pass only says which units belong together (its int_links__ model). What follows is the same for
    all of them: linked units form a group; the amounts of both sides, in the expected side's currency,
    decide its relation (exact, rounding, the kind of allowance that explains what is missing, advised,
    cross_currency, invoice_rate, partial, overpaid, mismatch); the rule of that pass and relation says
    whether it may close by itself; anything doubtful is named and left to a person; and money is allocated by laying
    both sides out as ranges.

    open_model: what is still open before this pass. links_model: reconciliation, expected_unit,
    actual_unit, evidence, is_ambiguous, is_weak, stated_amount, and group_name where the pass knows its
    groups (groups='given'); else groups are the connected components of the links (groups='linked').
    links_say_why: the links carry link_ambiguity, a code of seeds/match_ambiguities.csv or null.

    Yields one row per item in a group.
-#}
{% macro settle(pass_name, open_model, links_model, groups='linked', links_say_why=false) %}
with

open_items as (select * from {{ ref(open_model) }}),

links as (select * from {{ ref(links_model) }}),

{{ rule_arms(pass_name) }},

currencies as (select * from {{ ref('currencies') }}),

fx_rates as (select * from {{ ref('int_fx_rates__daily') }}),

allowances as (select * from {{ ref('int_item_allowances') }}),

{% if groups == 'given' %}
grouped_links as (
    select
        links.*,
        0 as is_tangled
    from links
),
{% else %}
-- the least neighbour spreads along the links; a group that needs more than five steps is too
-- tangled to close by itself
labels_1 as (
    select
        links.*,
        min(links.actual_unit) over (partition by links.expected_unit) as label_1
    from links
),

labels_2 as (
    select
        labels_1.*,
        min(labels_1.label_1) over (partition by labels_1.actual_unit) as label_2
    from labels_1
),

labels_3 as (
    select
        labels_2.*,
        min(labels_2.label_2) over (partition by labels_2.expected_unit) as label_3
    from labels_2
),

labels_4 as (
    select
        labels_3.*,
        min(labels_3.label_3) over (partition by labels_3.actual_unit) as label_4
    from labels_3
),

labels_5 as (
    select
        labels_4.*,
        min(labels_4.label_4) over (partition by labels_4.expected_unit) as group_name
    from labels_4
),

spread as (
    select
        labels_5.*,
        min(labels_5.group_name) over (partition by labels_5.actual_unit) as least_group,
        max(labels_5.group_name) over (partition by labels_5.actual_unit) as greatest_group
    from labels_5
),

grouped_links as (
    select
        spread.reconciliation,
        spread.expected_unit,
        spread.actual_unit,
        spread.evidence,
        spread.is_ambiguous,
        spread.is_weak,
        spread.stated_amount,
        spread.group_name,
        max(case when spread.least_group <> spread.greatest_group then 1 else 0 end)
            over (partition by spread.group_name) as is_tangled
    from spread
),
{% endif %}

group_units as (
    select
        grouped_links.group_name,
        'expected' as side,
        grouped_links.expected_unit as unit_key,
        sum(grouped_links.stated_amount) as stated_amount
    from grouped_links
    group by grouped_links.group_name, grouped_links.expected_unit
    union all
    select
        grouped_links.group_name,
        'actual' as side,
        grouped_links.actual_unit as unit_key,
        cast(null as {{ amount_type() }}) as stated_amount
    from grouped_links
    group by grouped_links.group_name, grouped_links.actual_unit
),

-- the cost of a pass is that of what it links, not of all that is open
group_items as (
    select
        group_units.group_name,
        group_units.unit_key,
        group_units.stated_amount,
        open_items.side,
        open_items.item_key,
        open_items.family_id,
        open_items.event_date,
        open_items.currency,
        open_items.amount,
        open_items.remaining_amount
    from open_items
    inner join group_units
        on
            open_items.anchor_item_key = group_units.unit_key
            and open_items.side = group_units.side
),

unit_families as (
    select
        group_items.group_name,
        group_items.side,
        group_items.unit_key,
        max(group_items.family_id) as family_id
    from group_items
    group by group_items.group_name, group_items.side, group_items.unit_key
),

-- one row per group: how many units each side has, and whose they are
group_families as (
    select
        unit_families.group_name,
        count(case when unit_families.side = 'expected' then 1 end) as expected_units,
        count(case when unit_families.side = 'actual' then 1 end) as actual_units,
        min(case when unit_families.side = 'expected' then unit_families.family_id end)
            as arm_family_id,
        -- somebody has paid for somebody else; who is not known pays for nobody else
        coalesce(
            min(case when unit_families.side = 'expected' then unit_families.family_id end)
            < max(case when unit_families.side = 'actual' then unit_families.family_id end)
            or max(case when unit_families.side = 'expected' then unit_families.family_id end)
            > min(case when unit_families.side = 'actual' then unit_families.family_id end),
            false
        ) as is_other_payer,
        count(*) = count(unit_families.family_id)
        and min(unit_families.family_id) = max(unit_families.family_id) as is_same_payer
    from unit_families
    group by unit_families.group_name
),

-- one row per group: what its links say
group_links as (
    select
        grouped_links.reconciliation,
        grouped_links.group_name,
        max(grouped_links.is_tangled) as is_tangled,
        max(case when grouped_links.is_ambiguous then 1 else 0 end) as is_ambiguous,
        max(case when grouped_links.is_weak then 1 else 0 end) as is_weak,
        {{ 'max(grouped_links.link_ambiguity)' if links_say_why
            else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as link_ambiguity,
        max(grouped_links.evidence) as evidence,
        count(*) as link_count,
        count(grouped_links.stated_amount) as stated_count
    from grouped_links
    group by grouped_links.reconciliation, grouped_links.group_name
),

-- the match is in the currency of the expected side
group_currencies as (
    select
        group_items.group_name,
        min(case when group_items.side = 'expected' then group_items.currency end)
            as match_currency,
        min(case when group_items.side = 'actual' then group_items.currency end)
            as payment_currency,
        min(case when group_items.side = 'expected' then group_items.currency end)
        < max(case when group_items.side = 'expected' then group_items.currency end)
            as has_several_match_currencies,
        min(case when group_items.side = 'actual' then group_items.currency end)
        < max(case when group_items.side = 'actual' then group_items.currency end)
            as has_several_payment_currencies,
        min(group_items.currency) < max(group_items.currency) as has_several_currencies,
        max(
            case
                when group_items.side = 'actual' and group_items.remaining_amount < 0 then 1
                else 0
            end
        ) as has_money_going_back,
        max(group_items.event_date) as latest_date,
        max(case when group_items.side = 'actual' then group_items.event_date end)
            as latest_payment_date
    from group_items
    group by group_items.group_name
),

priced_items as (
    select
        group_items.*,
        group_currencies.match_currency,
        case
            when group_items.currency = group_currencies.match_currency
                then group_items.remaining_amount
            else {{ round_amount(
                'cast(group_items.remaining_amount * fx_rates.rate as ' ~ amount_type() ~ ')',
                'currencies.minor_digits'
            ) }}
        end as remaining_in_match,
        fx_rates.rate,
        item_currencies.minor_digits
    from group_items
    inner join group_currencies
        on group_items.group_name = group_currencies.group_name
    left join currencies
        on group_currencies.match_currency = currencies.code
    left join currencies as item_currencies
        on group_items.currency = item_currencies.code
    left join fx_rates
        on
            group_items.event_date = fx_rates.rate_date
            and group_items.currency = fx_rates.base_currency
            and group_currencies.match_currency = fx_rates.quote_currency
),

-- What the documents were worth, each on its own day, in the currency of the money: a customer can
-- convert at the rate of the invoice's day.
invoice_day_values as (
    select
        priced_items.group_name,
        cast(
            sum(
                case
                    when priced_items.side = 'actual' then priced_items.remaining_amount
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as paid_amount,
        cast(
            sum(
                case
                    when priced_items.side = 'expected'
                        then cast(
                            priced_items.remaining_amount * fx_rates.rate as {{ amount_type() }}
                        )
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as document_value
    from priced_items
    inner join group_currencies
        on priced_items.group_name = group_currencies.group_name
    left join fx_rates
        on
            priced_items.event_date = fx_rates.rate_date
            and priced_items.currency = fx_rates.base_currency
            and group_currencies.payment_currency = fx_rates.quote_currency
    where
        group_currencies.has_several_currencies
        and not group_currencies.has_several_match_currencies
        and not group_currencies.has_several_payment_currencies
    group by priced_items.group_name
    having
        count(case when priced_items.side = 'expected' then 1 end)
        = count(case when priced_items.side = 'expected' then fx_rates.rate end)
),

group_totals as (
    select
        priced_items.group_name,
        cast(
            sum(
                case
                    when priced_items.side = 'expected' then priced_items.remaining_in_match
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as expected_amount,
        cast(
            sum(
                case
                    when priced_items.side = 'actual' then priced_items.remaining_in_match
                    else {{ zero() }}
                end
            ) as {{ amount_type() }}
        ) as actual_amount,
        max(case when priced_items.remaining_in_match is null then 1 else 0 end)
            as has_no_rate,
        cast(
            sum(
                case
                    when
                        priced_items.side = 'expected'
                        and priced_items.item_key = priced_items.unit_key
                        then priced_items.stated_amount
                end
            ) as {{ amount_type() }}
        ) as advised_amount,
        min(
            case
                when
                    priced_items.side = 'expected'
                    and (
                        priced_items.stated_amount is null
                        or priced_items.stated_amount > priced_items.remaining_in_match
                        or priced_items.item_key <> priced_items.unit_key
                    )
                    then 0
                else 1
            end
        ) as is_advice_complete
    from priced_items
    group by priced_items.group_name
),

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
        -- ceilings are in the reporting currency; without a rate the bare amount is held against them
        cast(abs(group_totals.expected_amount) * coalesce(fx_rates.rate, 1) as {{ amount_type() }})
            as base_amount,
        {{ unit_of_scale('coalesce(currencies.minor_digits, 2)') }} as minor_unit
    from group_links
    inner join group_currencies
        on group_links.group_name = group_currencies.group_name
    inner join group_families
        on group_links.group_name = group_families.group_name
    inner join group_totals
        on group_links.group_name = group_totals.group_name
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
        on compared.reconciliation = canaries.reconciliation
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
            and group_allowances.kind = rules.relation
            and compared.arm = rules.arm
    where
        compared.difference < 0
        and compared.expected_amount > 0
        and abs(compared.difference + group_allowances.amount)
        <= compared.minor_unit * compared.expected_units
        and abs(compared.difference) <= greatest(
            rules.tolerance_minor_units * compared.minor_unit,
            rules.tolerance_relative * compared.tolerance_base
        )
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
                        when
                            abs(compared.difference) <= greatest(
                                cross_rules.tolerance_minor_units * compared.minor_unit,
                                cross_rules.tolerance_relative * compared.tolerance_base
                            )
                            then 'cross_currency'
                        -- so much is gained or lost on the way from the invoice to its payment
                        when
                            abs(invoice_day_values.paid_amount - invoice_day_values.document_value)
                            <= cross_rules.tolerance_relative * greatest(
                                abs(invoice_day_values.paid_amount),
                                abs(invoice_day_values.document_value)
                            )
                            and abs(compared.difference) <= greatest(
                                invoice_rate_rules.tolerance_minor_units * compared.minor_unit,
                                invoice_rate_rules.tolerance_relative * compared.tolerance_base
                            )
                            then 'invoice_rate'
                        else 'mismatch'
                    end
            when compared.difference = 0 then 'exact'
            when
                abs(compared.difference) <= greatest(
                    rounding_rules.tolerance_minor_units * compared.minor_unit,
                    rounding_rules.tolerance_relative * compared.tolerance_base
                )
                then 'rounding'
            when explanations.kind is not null then explanations.kind
            when compared.is_advised then 'advised'
            when compared.excess < 0 then 'partial'
            else 'overpaid'
        end as stated_relation
    from armed as compared
    left join explanations
        on compared.group_name = explanations.group_name
    left join rules as rounding_rules
        on
            compared.reconciliation = rounding_rules.reconciliation
            and compared.arm = rounding_rules.arm
            and rounding_rules.relation = 'rounding'
    left join rules as cross_rules
        on
            compared.reconciliation = cross_rules.reconciliation
            and compared.arm = cross_rules.arm
            and cross_rules.relation = 'cross_currency'
    left join rules as invoice_rate_rules
        on
            compared.reconciliation = invoice_rate_rules.reconciliation
            and compared.arm = invoice_rate_rules.arm
            and invoice_rate_rules.relation = 'invoice_rate'
    left join invoice_day_values
        on compared.group_name = invoice_day_values.group_name
),

-- a relation that a pass has no rule for is a mismatch: it is shown, never closed
ruled as (
    select
        related.*,
        coalesce(rules.relation, 'mismatch') as relation,
        coalesce(rules.rule_id, mismatch_rules.rule_id) as rule_id,
        coalesce(rules.rule_version, mismatch_rules.rule_version) as rule_version,
        coalesce(rules.closes_by_itself, false) as closes_by_itself,
        rules.why_a_person,
        rules.adjustment_kind,
        rules.largest_amount,
        rules.days_before,
        rules.days_after
    from related
    left join rules
        on
            related.reconciliation = rules.reconciliation
            and related.arm = rules.arm
            and related.stated_relation = rules.relation
    inner join rules as mismatch_rules
        on
            related.reconciliation = mismatch_rules.reconciliation
            and related.arm = mismatch_rules.arm
            and mismatch_rules.relation = 'mismatch'
),

-- Does a payment equal another document of the same payer, and none of those that it names? Asked of
-- all documents of the rule's days, paid or not, so that the answer is the same in every later run.
suspects as (
    select
        ruled.group_name,
        ruled.reconciliation,
        ruled.match_currency,
        ruled.is_other_payer,
        ruled.days_before,
        ruled.days_after
    from ruled
    where
        ruled.relation in ('rounding', 'partial', 'overpaid', 'cross_currency', 'invoice_rate')
        or ruled.relation = ruled.explanation_kind
        or ruled.is_other_payer
),

named_documents as (
    select
        group_items.group_name,
        group_items.unit_key,
        group_items.amount
    from group_items
    inner join suspects
        on group_items.group_name = suspects.group_name
    where group_items.side = 'expected'
),

suspect_payments as (
    select
        group_items.group_name,
        suspects.reconciliation,
        group_items.family_id,
        group_items.currency,
        group_items.amount,
        group_items.event_date,
        suspects.days_before,
        suspects.days_after
    from group_items
    inner join suspects
        on group_items.group_name = suspects.group_name
    left join named_documents
        on
            group_items.group_name = named_documents.group_name
            and case
                when
                    not suspects.is_other_payer
                    and group_items.currency = suspects.match_currency
                    then group_items.amount
            end = named_documents.amount
    where
        group_items.side = 'actual'
        and group_items.remaining_amount > 0
        and named_documents.group_name is null
),

fits_another as (
    select distinct suspect_payments.group_name
    from suspect_payments
    inner join {{ ref('int_items') }} as documents
        on
            documents.side = 'expected'
            and documents.set_aside_reason is null
            and suspect_payments.reconciliation = documents.reconciliation
            and suspect_payments.family_id = documents.family_id
            and suspect_payments.currency = documents.currency
            and suspect_payments.amount = documents.amount
            and {{ days_between('documents.event_date', 'suspect_payments.event_date') }}
            between - suspect_payments.days_before and suspect_payments.days_after
    left join named_documents
        on
            suspect_payments.group_name = named_documents.group_name
            and documents.anchor_item_key = named_documents.unit_key
    where named_documents.group_name is null
),

-- Ranges: what is to be covered (documents, money that went back) against what covers it (money
-- that came in, credit memos). An item is allocated where its range meets the other side's total.
-- Money that went back, and credit memos, come first.
sided_items as (
    select
        priced_items.*,
        ruled.relation,
        case
            when priced_items.side = 'expected' and priced_items.remaining_in_match > 0
                then 'to_cover'
            when priced_items.side = 'actual' and priced_items.remaining_in_match < 0
                then 'to_cover'
            else 'covering'
        end as role,
        case
            when priced_items.side = 'expected' and priced_items.remaining_in_match < 0 then 0
            when priced_items.side = 'actual' and priced_items.remaining_in_match < 0 then 0
            else 1
        end as precedence,
        case
            when ruled.relation = 'advised' and priced_items.side = 'expected'
                then least(abs(priced_items.remaining_in_match), priced_items.stated_amount)
            -- each document bears its own allowance
            when abs(item_allowances.amount) < abs(priced_items.remaining_in_match)
                then abs(priced_items.remaining_in_match) - abs(item_allowances.amount)
            else abs(priced_items.remaining_in_match)
        end as capacity
    from priced_items
    inner join ruled
        on priced_items.group_name = ruled.group_name
    left join item_allowances
        on
            priced_items.group_name = item_allowances.group_name
            and priced_items.item_key = item_allowances.item_key
            and ruled.relation = item_allowances.kind
            and ruled.explanation_basis = item_allowances.basis
            and item_allowances.side = 'expected'
),

{{ cover_ranges() }},

covered as (
    select
        ranges.*,
        greatest(
            {{ zero() }}, least(ranges.capacity, ranges.covered_total - ranges.range_start)
        ) as covered_in_match
    from ranges
),

allocated as (
    select
        covered.*,
        covered.covered_in_match as match_part,
        case
            when covered.covered_in_match = abs(covered.remaining_in_match)
                then abs(covered.remaining_amount)
            when covered.currency = covered.match_currency then covered.covered_in_match
            else {{ decimal_divide(
                'cast(abs(covered.remaining_amount) * covered.covered_in_match as '
                ~ amount_type() ~ ')',
                'abs(covered.remaining_in_match)',
                'covered.minor_digits'
            ) }}
        end as item_part
    from covered
),

-- two payments over one document: fine while each is used whole or not at all
splits as (
    select distinct allocated.group_name
    from allocated
    where
        allocated.side = 'actual'
        and allocated.item_part > 0
        and allocated.item_part < abs(allocated.remaining_amount)
),

judged as (
    select
        ruled.*,
        -- what the difference is called, such as rounding or a discount
        ruled.adjustment_kind is not null as closes_difference,
        case
            when ruled.is_tangled = 1 then 'tangled_references'
            when ruled.link_ambiguity is not null then ruled.link_ambiguity
            when ruled.is_ambiguous = 1 then 'several_fit'
            when ruled.has_several_match_currencies then 'several_currencies'
            when ruled.relation = 'mismatch' then 'amounts_differ'
            when
                ruled.is_other_payer
                and ruled.relation not in ('exact', 'advised')
                then 'other_payer'
            when ruled.is_other_payer and fits_another.group_name is not null
                then 'other_payer'
            when ruled.relation = ruled.explanation_kind and ruled.explanation_kinds > 1
                then 'several_explanations'
            when ruled.relation = 'partial' and ruled.expected_units > 1 then 'which_is_short'
            when
                ruled.relation = 'overpaid'
                and ruled.expected_units > 1
                and ruled.actual_units > 1
                then 'amounts_differ'
            when
                ruled.relation = 'overpaid'
                and ruled.actual_units > 1
                and splits.group_name is not null
                then 'which_payment_is_over'
            when fits_another.group_name is not null and not ruled.is_other_payer
                then 'fits_another_item'
            when
                not ruled.is_same_payer
                and (
                    ruled.relation in ('partial', 'overpaid', 'cross_currency', 'invoice_rate')
                    or ruled.relation = ruled.explanation_kind
                )
                then 'payer_unknown'
            when not ruled.closes_by_itself
                then coalesce(ruled.why_a_person, 'rule_asks_a_person')
            when ruled.base_amount > ruled.largest_amount then 'above_ceiling'
        end as ambiguity
    from ruled
    left join splits
        on ruled.group_name = splits.group_name
    left join fits_another
        on ruled.group_name = fits_another.group_name
    where
        -- a weak reference counts only when payer and amount agree with it
        ruled.is_weak = 0
        or (ruled.relation = 'exact' and ruled.is_same_payer)
),

final as (
    select
        judged.group_name,
        judged.rule_id,
        judged.rule_version,
        judged.relation,
        judged.ambiguity,
        judged.evidence,
        judged.expected_amount as expected_total,
        judged.actual_amount as actual_total,
        allocated.item_key,
        judged.match_currency,
        cast(
            case
                when allocated.remaining_amount < 0 then - allocated.item_part
                else allocated.item_part
            end as {{ amount_type() }}
        ) as allocated_amount,
        cast(
            case
                when not judged.closes_difference then 0
                when allocated.remaining_amount < 0
                    then - (abs(allocated.remaining_amount) - allocated.item_part)
                else abs(allocated.remaining_amount) - allocated.item_part
            end as {{ amount_type() }}
        ) as adjusted_amount,
        cast(
            case
                when allocated.remaining_amount < 0 then - allocated.match_part
                else allocated.match_part
            end as {{ amount_type() }}
        ) as match_amount,
        cast(
            case
                when not judged.closes_difference then 0
                when allocated.remaining_amount < 0
                    then - (abs(allocated.remaining_in_match) - allocated.match_part)
                else abs(allocated.remaining_in_match) - allocated.match_part
            end as {{ amount_type() }}
        ) as match_adjusted_amount
    from judged
    inner join allocated
        on judged.group_name = allocated.group_name
    where
        allocated.item_part > 0
        -- what undoes an item of the match belongs to it, covered or not: else it would seem to
        -- arrive in the next run
        or (allocated.item_key <> allocated.unit_key and allocated.covered_total > 0)
        -- what came to zero belongs to a group that adds up
        or (allocated.remaining_amount = 0 and judged.relation = 'exact')
        or judged.closes_difference
        or judged.ambiguity is not null
        -- a document whose payment went back again is still what it was for
        or (
            allocated.side = 'expected'
            and judged.has_money_going_back = 1
            and allocated.covered_total > 0
        )
)

select * from final
{% endmacro %}


{#-
    CTE `ranges`: where the range of each of `sided_items` begins on its side of its group, and how much
    both sides cover (`covered_total`).
-#}
{% macro cover_ranges() -%}
{{ return(adapter.dispatch('cover_ranges')()) }}
{%- endmacro %}


{# DuckDB: where both sides are equal all is covered, in whatever order; most groups need no sorting. #}
{% macro duckdb__cover_ranges() -%}
sides as (
    select
        sided_items.group_name,
        {{ side_total('to_cover') }} as to_cover_total,
        {{ side_total('covering') }} as covering_total
    from sided_items
    group by sided_items.group_name
),

ranges as (
    select
        sided_items.*,
        {{ zero() }} as range_start,
        sides.to_cover_total as covered_total
    from sided_items
    inner join sides
        on sided_items.group_name = sides.group_name
    where sides.to_cover_total = sides.covering_total
    union all
    select
        sided_items.*,
        {{ range_start('sided_items') }} as range_start,
        least(sides.to_cover_total, sides.covering_total) as covered_total
    from sided_items
    inner join sides
        on sided_items.group_name = sides.group_name
    where sides.to_cover_total <> sides.covering_total
)
{%- endmacro %}


{# Spark: windows alone, because it plans all that lies below again for each reader of a CTE. #}
{% macro spark__cover_ranges() -%}
sides as (
    select
        sided_items.*,
        {{ side_total('to_cover') }} over (partition by sided_items.group_name) as to_cover_total,
        {{ side_total('covering') }} over (partition by sided_items.group_name) as covering_total
    from sided_items
),

ranges as (
    select
        sides.*,
        {{ range_start('sides') }} as range_start,
        least(sides.to_cover_total, sides.covering_total) as covered_total
    from sides
)
{%- endmacro %}


{% macro side_total(role) -%}
sum(case when sided_items.role = '{{ role }}' then sided_items.capacity else {{ zero() }} end)
{%- endmacro %}


{% macro range_start(relation) -%}
cast(
            coalesce(
                sum({{ relation }}.capacity) over (
                    partition by {{ relation }}.group_name, {{ relation }}.role
                    order by
                        {{ relation }}.precedence nulls last,
                        {{ relation }}.event_date nulls last,
                        {{ relation }}.item_key nulls last
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as {{ amount_type() }}
        )
{%- endmacro %}
