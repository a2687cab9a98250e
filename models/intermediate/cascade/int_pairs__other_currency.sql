-- What a payment in another currency could be for, once the passes before have looked: documents
-- of its payer, or of anybody where the payer is not known, in the amount that the bank states as
-- the original one; else those that come near at the rate of the day, as far as banks' spreads
-- go. What a suggestion holds is counted, and not taken.
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

originals as (
    select
        items.item_key,
        booked.original_amount,
        booked.original_currency
    from {{ ref('int_bank_transactions__booked') }} as booked
    inner join {{ ref('int_items') }} as items
        on
            booked.item_id = items.item_id
            and items.item_type = 'bank_transaction'
            and booked.amount = items.amount
    where
        booked.role = 'item'
        and booked.original_amount > 0
        and booked.original_currency <> booked.currency
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
        originals.original_amount,
        originals.original_currency,
        rules.days_before,
        rules.days_after
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    left join naming
        on units.unit_key = naming.item_key
    left join originals
        on units.unit_key = originals.item_key
    inner join {{ ref('int_items') }} as items
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
            floor(
                ln(cast(units.unit_amount as double))
                / (
                    -ln(1e0 - cast({{ search_limit('largest_spread_of_a_rate') }} as double))
                    * (1e0 + 1e-9)
                )
            ) as bigint
        ) as amount_step
    from units
    left join {{ ref('int_items') }} as items
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

converted as (
    select
        payments.*,
        fx_rates.quote_currency,
        cast(payments.unit_amount * fx_rates.rate as {{ amount_type() }}) as paid_amount,
        cast(
            floor(
                ln(cast(payments.unit_amount * fx_rates.rate as double))
                / (
                    -ln(1e0 - cast({{ search_limit('largest_spread_of_a_rate') }} as double))
                    * (1e0 + 1e-9)
                )
            ) as bigint
        ) as amount_step
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
            and abs(converted.paid_amount - documents.unit_amount)
            <= {{ search_limit('largest_spread_of_a_rate') }}
            * greatest(converted.paid_amount, documents.unit_amount)
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

measured as (
    select
        found.*,
        {{ decimal_divide(
            'abs(found.paid_amount - found.unit_amount)',
            'greatest(found.paid_amount, found.unit_amount)',
            6
        ) }} as amount_distance
    from found
),

-- what people declined still counts among what fits
counted as (
    select
        measured.*,
        count(*) over (partition by measured.actual_unit) as documents_that_fit,
        count(*) over (partition by measured.expected_unit, measured.is_stated)
            as payments_that_fit,
        row_number() over (
            partition by measured.actual_unit
            order by
                measured.amount_distance nulls last,
                abs(measured.days_from_due) nulls last,
                measured.expected_unit nulls last
        ) as nearness
    from measured
),

final as (
    select
        counted.reconciliation,
        counted.expected_unit,
        counted.actual_unit,
        counted.family_id is not null as is_payer_known,
        held_documents.unit_key is null and held_payments.unit_key is null as is_free,
        counted.is_stated,
        counted.currency,
        cast(counted.paid_amount as {{ amount_type() }}) as paid_amount,
        counted.amount_distance,
        cast(counted.documents_that_fit as bigint) as documents_that_fit,
        cast(counted.payments_that_fit as bigint) as payments_that_fit,
        cast(counted.nearness as bigint) as nearness
    from counted
    left join declined_pairs
        on
            counted.expected_unit = declined_pairs.expected_item_key
            and counted.actual_unit = declined_pairs.actual_item_key
    left join held_units as held_documents
        on counted.expected_unit = held_documents.unit_key
    left join held_units as held_payments
        on counted.actual_unit = held_payments.unit_key
    where declined_pairs.expected_item_key is null
)

select * from final
