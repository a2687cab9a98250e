-- Pass 4. The same party, currency and amount, inside the rule's window: a match when it is the
-- only one on both sides, else a suggestion of the nearest by date.
with

open_items as (select * from {{ ref('int_open__after_group_sum') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'unique_amount' and relation = 'exact' and rollout = 'stable'
),

declined_pairs as (select * from {{ ref('int_declined_pairs') }}),

-- a payment that names a document is not about another one, also when what it names is paid already
payments_that_name as (
    select distinct mentions.item_key
    from {{ ref('int_item_mentions') }} as mentions
    inner join {{ ref('int_item_numbers') }} as numbers
        on
            mentions.mention_value = numbers.number_value
            and numbers.strength = 'strong'
    inner join {{ ref('int_items') }} as documents
        on
            numbers.item_key = documents.item_key
            and numbers.row_hash = documents.row_hash
    where mentions.item_key like numbers.reconciliation || '|%'
),

{{ units_of('open_items') }},

expected_units as (
    select *
    from units
    where side = 'expected' and family_id is not null
),

actual_units as (
    select units.*
    from units
    left join payments_that_name
        on units.unit_key = payments_that_name.item_key
    where
        units.side = 'actual'
        and units.family_id is not null
        and units.unit_amount <> 0
        and payments_that_name.item_key is null
),

-- a crowd of equals is counted, not paired
crowds as (
    select
        equal_units.reconciliation,
        equal_units.family_id,
        equal_units.currency,
        equal_units.unit_amount
    from (
        select * from expected_units
        union all
        select * from actual_units
    ) as equal_units
    group by
        equal_units.reconciliation,
        equal_units.family_id,
        equal_units.currency,
        equal_units.unit_amount
    having
        count(distinct equal_units.side) = 2
        and count(*) <= 60
),

pairs as (
    select
        expected_units.reconciliation,
        expected_units.unit_key as expected_unit,
        actual_units.unit_key as actual_unit,
        abs({{ days_between('expected_units.event_date', 'actual_units.event_date') }})
            as days_apart
    from crowds
    inner join expected_units
        on
            crowds.reconciliation = expected_units.reconciliation
            and crowds.family_id = expected_units.family_id
            and crowds.currency = expected_units.currency
            and crowds.unit_amount = expected_units.unit_amount
    inner join actual_units
        on
            crowds.reconciliation = actual_units.reconciliation
            and crowds.family_id = actual_units.family_id
            and crowds.currency = actual_units.currency
            and crowds.unit_amount = actual_units.unit_amount
    inner join rules
        on
            crowds.reconciliation = rules.reconciliation
            and {{ days_between('expected_units.event_date', 'actual_units.event_date') }}
            between -rules.days_before and rules.days_after
    left join declined_pairs
        on
            expected_units.unit_key = declined_pairs.expected_item_key
            and actual_units.unit_key = declined_pairs.actual_item_key
    where declined_pairs.expected_item_key is null
),

counted as (
    select
        pairs.*,
        count(*) over (partition by pairs.expected_unit) as payments_that_fit,
        count(*) over (partition by pairs.actual_unit) as documents_that_fit,
        row_number() over (
            partition by pairs.actual_unit
            order by pairs.days_apart nulls last, pairs.expected_unit nulls last
        ) as nearness
    from pairs
),

final as (
    select
        counted.reconciliation,
        counted.expected_unit,
        counted.actual_unit,
        'amount and payer' as evidence,
        counted.payments_that_fit > 1 or counted.documents_that_fit > 1 as is_ambiguous,
        false as is_weak,
        cast(null as {{ amount_type() }}) as stated_amount,
        counted.expected_unit || '~' || counted.actual_unit as group_name,
        counted.nearness
    from counted
    where counted.nearness <= 3
)

select * from final
