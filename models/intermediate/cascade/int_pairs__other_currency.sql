-- What a payment in another currency could be for, once the passes before have looked: documents
-- of its payer, or of anybody where the payer is not known, in the amount that the bank states as
-- the original one; else those that come near at the rate of the day, as far as banks' spreads
-- go. What a suggestion holds is counted, and not taken. A stated amount stands out where it fits
-- one document alone, and whatever else fits that came later and fits others too. Of those that
-- come near, a pair stands out where payment and document are each other's nearest, by a margin:
-- near is what falls as far short of the rate as banks usually take, about the due date. A bank
-- takes; it seldom gives.
with

open_items as (select * from {{ ref('int_open__after_sums') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'other_currency' and relation = 'cross_currency' and rollout = 'stable'
),

fx_rates as (select * from {{ ref('int_fx_rates__daily') }}),

naming as (select * from {{ ref('int_items__naming_documents') }}),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

suggested as (
    {%- for wave in ['keys', 'texts', 'equals', 'sums'] %}
    {% if not loop.first %}union{% endif %}
    select settled.item_key
    from {{ ref('int_wave__' ~ wave) }} as settled
    where settled.ambiguity is not null
    {%- endfor %}
),

held_items as (
    select unmatched.*
    from {{ ref('int_open__unmatched') }} as unmatched
    inner join suggested
        on unmatched.item_key = suggested.item_key
    left join open_items
        on unmatched.item_key = open_items.item_key
    where open_items.item_key is null
),

asked_items as (
    select * from open_items
    union all
    select * from held_items
),

{{ units_of('asked_items') }},

held_units as (
    select distinct held_items.anchor_item_key as unit_key
    from held_items
),

bank_lines as (
    select
        items.item_key,
        coalesce(booked.charges_amount, {{ zero() }}) as charges_amount,
        case
            when booked.original_amount > 0 and booked.original_currency <> booked.currency
                then booked.original_amount
        end as original_amount,
        case
            when booked.original_amount > 0 and booked.original_currency <> booked.currency
                then booked.original_currency
        end as original_currency
    from {{ ref('int_bank_transactions__booked') }} as booked
    inner join {{ ref('int_items__open') }} as items
        on
            booked.item_id = items.item_id
            and items.item_type = 'bank_transaction'
            and booked.amount = items.amount
    where booked.role = 'item'
),

-- a part of a payment is no original amount
payments as (
    select
        units.reconciliation,
        units.unit_key,
        units.family_id,
        coalesce(units.family_id, '*') as scope,
        units.currency,
        units.unit_amount,
        units.event_date,
        -- what the bank has kept for itself was paid
        units.unit_amount + coalesce(bank_lines.charges_amount, {{ zero() }}) as gross_amount,
        bank_lines.original_amount,
        bank_lines.original_currency,
        rules.days_before,
        rules.days_after
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    left join naming
        on units.unit_key = naming.item_key
    left join bank_lines
        on units.unit_key = bank_lines.item_key
    inner join {{ ref('int_items__open') }} as items
        on units.unit_key = items.item_key and units.unit_amount = items.amount
    where
        units.side = 'actual'
        and units.unit_amount > 0
        and naming.item_key is null
),

-- as wide as the way down from the larger amount, and a hair wider, for a double's last digit
documents as (
    select
        units.reconciliation,
        units.unit_key,
        units.family_id,
        units.currency,
        units.unit_amount,
        units.event_date,
        coalesce(items.due_date, units.event_date) as due_date,
        cast(
            units.unit_amount * (1 - {{ search_limit('largest_spread_of_a_rate') }})
            as {{ amount_type() }}
        ) as least_paid,
        cast(
            units.unit_amount * (1 + {{ search_limit('largest_gain_of_a_rate') }})
            as {{ amount_type() }}
        ) as most_paid,
        cast(
            floor(
                ln(cast(units.unit_amount as double))
                / (
                    -ln(1e0 - cast({{ search_limit('largest_spread_of_a_rate') }} as double))
                    * (1e0 + 1e-9)
                )
            ) as bigint
        ) as amount_step
    from units
    left join {{ ref('int_items__open') }} as items
        on units.unit_key = items.item_key
    where units.side = 'expected' and units.unit_amount > 0
),

-- who has paid may be known or not
scoped_documents as (
    select
        documents.*,
        '*' as scope
    from documents
    union all
    select
        documents.*,
        documents.family_id as scope
    from documents
    where documents.family_id is not null
),

stated as (
    select
        payments.reconciliation,
        documents.unit_key as expected_unit,
        payments.unit_key as actual_unit,
        payments.family_id,
        payments.event_date as paid_on,
        documents.currency,
        payments.original_amount as paid_amount,
        documents.unit_amount,
        {{ days_between('documents.due_date', 'payments.event_date') }} as days_from_due
    from payments
    inner join scoped_documents as documents
        on
            payments.reconciliation = documents.reconciliation
            and payments.scope = documents.scope
            and payments.original_currency = documents.currency
            and payments.original_amount = documents.unit_amount
            and {{ days_between('documents.event_date', 'payments.event_date') }}
            between -payments.days_before and payments.days_after
),

valued as (
    select
        payments.*,
        fx_rates.quote_currency,
        cast(payments.gross_amount * fx_rates.rate as {{ amount_type() }}) as paid_amount
    from payments
    inner join fx_rates
        on
            payments.event_date = fx_rates.rate_date
            and payments.currency = fx_rates.base_currency
            and payments.currency <> fx_rates.quote_currency
    left join stated
        on payments.unit_key = stated.actual_unit
    where stated.actual_unit is null
),

converted as (
    select
        valued.*,
        cast(
            floor(
                ln(cast(valued.paid_amount as double))
                / (
                    -ln(1e0 - cast({{ search_limit('largest_spread_of_a_rate') }} as double))
                    * (1e0 + 1e-9)
                )
            ) as bigint
        ) as amount_step
    from valued
),

steps as (
    select -1 as step
    union all
    select 0 as step
    union all
    select 1 as step
),

near as (
    select
        converted.reconciliation,
        documents.unit_key as expected_unit,
        converted.unit_key as actual_unit,
        converted.family_id,
        converted.event_date as paid_on,
        documents.currency,
        converted.paid_amount,
        documents.unit_amount,
        {{ days_between('documents.due_date', 'converted.event_date') }} as days_from_due
    from converted
    cross join steps
    inner join scoped_documents as documents
        on
            converted.reconciliation = documents.reconciliation
            and converted.scope = documents.scope
            and converted.quote_currency = documents.currency
            and converted.amount_step + steps.step = documents.amount_step
            and {{ days_between('documents.event_date', 'converted.event_date') }}
            between -converted.days_before and converted.days_after
            and converted.paid_amount between documents.least_paid and documents.most_paid
),

found as (
    select
        stated.*,
        true as is_stated
    from stated
    union all
    select
        near.*,
        false as is_stated
    from near
),

-- the amount that is stated is beyond any rate
measured as (
    select
        found.*,
        held_documents.unit_key is null and held_payments.unit_key is null as is_free,
        declined_pairs.expected_item_key is not null as is_declined,
        case
            when found.is_stated then {{ zero() }}
            else cast(
                abs(
                    {{ decimal_divide('found.paid_amount', 'found.unit_amount', 6) }} - 1
                    + {{ search_limit('usual_spread_of_a_rate') }}
                )
                + {{ search_limit('spread_that_weighs_as_a_day') }} * abs(found.days_from_due)
                as {{ amount_type() }}
            )
        end as distance
    from found
    left join declined_pairs
        on
            found.expected_unit = declined_pairs.expected_item_key
            and found.actual_unit = declined_pairs.actual_item_key
    left join held_units as held_documents
        on found.expected_unit = held_documents.unit_key
    left join held_units as held_payments
        on found.actual_unit = held_payments.unit_key
),

ranked_pairs as (
    select
        measured.*,
        row_number() over (
            partition by measured.actual_unit
            order by
                measured.distance nulls last,
                abs(measured.days_from_due) nulls last,
                measured.expected_unit nulls last
        ) as nearness,
        row_number() over (
            partition by measured.expected_unit
            order by
                case when measured.family_id is null then 1 else 0 end asc nulls last,
                measured.distance asc nulls last,
                abs(measured.days_from_due) asc nulls last,
                measured.actual_unit asc nulls last
        ) as payment_nearness
    from measured
),

-- A document's own payer comes before somebody who is not known, and what people declined still
-- counts among what fits. What one round has taken is no rival in the next.
left_0 as (
    select
        ranked_pairs.expected_unit,
        ranked_pairs.actual_unit,
        ranked_pairs.is_stated,
        ranked_pairs.paid_on,
        ranked_pairs.is_free and not ranked_pairs.is_declined as is_open_to_it,
        -- what is only suggested because nobody knows the payer decides nothing for others
        not ranked_pairs.is_stated or ranked_pairs.family_id is not null as decides,
        ranked_pairs.distance
        + case when ranked_pairs.family_id is null and not ranked_pairs.is_stated then 1 else 0 end
            as distance
    from ranked_pairs
),
{%- set rounds = [1, 2, 3] %}
{% for round in rounds %}
-- a payment of which the bank states the original amount has no other pairs
stated_{{ round }} as (
    select
        choices.*,
        sum(case when choices.documents_left = 1 then 1 else 0 end)
            over (partition by choices.expected_unit) as payments_without_choice,
        row_number() over by_day as day_rank,
        lead(choices.paid_on) over by_day as next_paid_on
    from (
        select
            rivals.*,
            count(*) over (partition by rivals.actual_unit) as documents_left
        from left_{{ round - 1 }} as rivals
        where rivals.is_stated
    ) as choices
    window
        by_day as (
            partition by choices.expected_unit
            order by choices.paid_on nulls last, choices.actual_unit nulls last
        )
),

ranked_{{ round }} as (
    select
        rivals.*,
        row_number() over by_document as document_rank,
        row_number() over by_payment as payment_rank,
        (lead(rivals.distance) over by_document) - rivals.distance as document_margin,
        (lead(rivals.distance) over by_payment) - rivals.distance as payment_margin
    from left_{{ round - 1 }} as rivals
    window
        by_document as (
            partition by rivals.expected_unit
            order by rivals.distance nulls last, rivals.actual_unit nulls last
        ),
        by_payment as (
            partition by rivals.actual_unit
            order by rivals.distance nulls last, rivals.expected_unit nulls last
        )
),

outstanding_{{ round }} as (
    select
        stated.expected_unit,
        stated.actual_unit,
        stated.decides
    from stated_{{ round }} as stated
    where
        stated.is_open_to_it
        and stated.documents_left = 1
        and stated.payments_without_choice = 1
        and stated.day_rank = 1
        and coalesce(stated.next_paid_on > stated.paid_on, true)
    union all
    select
        ranked.expected_unit,
        ranked.actual_unit,
        ranked.decides
    from ranked_{{ round }} as ranked
    where
        not ranked.is_stated
        and ranked.is_open_to_it
        and ranked.document_rank = 1
        and ranked.payment_rank = 1
        and coalesce(ranked.document_margin >= {{ search_limit('margin_of_a_rate') }}, true)
        and coalesce(ranked.payment_margin >= {{ search_limit('margin_of_a_rate') }}, true)
),
{% if not loop.last %}
taken_{{ round }} as (
    select
        outstanding_{{ round }}.expected_unit,
        outstanding_{{ round }}.actual_unit
    from outstanding_{{ round }}
    where outstanding_{{ round }}.decides
),

left_{{ round }} as (
    select rivals.*
    from left_{{ round - 1 }} as rivals
    left join taken_{{ round }} as taken_documents
        on rivals.expected_unit = taken_documents.expected_unit
    left join taken_{{ round }} as taken_payments
        on rivals.actual_unit = taken_payments.actual_unit
    where taken_documents.expected_unit is null and taken_payments.actual_unit is null
),
{% endif %}
{%- endfor %}
outstanding as (
    {%- for round in rounds %}
    select
        outstanding_{{ round }}.expected_unit,
        outstanding_{{ round }}.actual_unit
    from outstanding_{{ round }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        ranked_pairs.reconciliation,
        ranked_pairs.expected_unit,
        ranked_pairs.actual_unit,
        ranked_pairs.family_id is not null as is_payer_known,
        ranked_pairs.is_free,
        ranked_pairs.is_stated,
        outstanding.expected_unit is not null as stands_out,
        ranked_pairs.currency,
        cast(ranked_pairs.paid_amount as {{ amount_type() }}) as paid_amount,
        cast(ranked_pairs.distance as {{ amount_type() }}) as distance,
        cast(ranked_pairs.nearness as bigint) as nearness,
        cast(ranked_pairs.payment_nearness as bigint) as payment_nearness
    from ranked_pairs
    left join outstanding
        on
            ranked_pairs.expected_unit = outstanding.expected_unit
            and ranked_pairs.actual_unit = outstanding.actual_unit
    where not ranked_pairs.is_declined
)

select * from final
