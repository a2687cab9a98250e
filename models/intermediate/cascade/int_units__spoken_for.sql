-- Units that earlier waves have found something for without closing it: they are in a suggestion,
-- or named by a payment of another amount. The equals may not take them, and count them when they
-- ask whether something else fits.
with

unmatched as (select * from {{ ref('int_open__unmatched') }}),

open_items as (select * from {{ ref('int_open__after_texts') }}),

remainders as (select * from {{ ref('int_remainders__links') }}),

suggested as (
    select
        waves.item_key,
        waves.ambiguity
    from (
        select * from {{ ref('int_wave__keys') }}
        union all
        select * from {{ ref('int_wave__texts') }}
    ) as waves
    where waves.ambiguity is not null
),

-- a document in a stranger's suggestion is still open
held as (
    select distinct
        unmatched.side,
        unmatched.anchor_item_key as unit_key
    from suggested
    inner join unmatched
        on suggested.item_key = unmatched.item_key
    left join open_items
        on suggested.item_key = open_items.item_key
    where open_items.item_key is null
),

named as (
    select
        'expected' as side,
        remainders.expected_unit as unit_key
    from remainders
    union
    select
        'actual' as side,
        remainders.actual_unit as unit_key
    from remainders
),

spoken_for as (
    select
        held.side,
        held.unit_key
    from held
    union
    select
        named.side,
        named.unit_key
    from named
),

final as (
    select
        unmatched.reconciliation,
        unmatched.side,
        spoken_for.unit_key,
        min(unmatched.currency) as currency,
        max(unmatched.family_id) as family_id,
        min(unmatched.event_date) as event_date,
        cast(sum(unmatched.remaining_amount) as {{ amount_type() }}) as unit_amount
    from spoken_for
    inner join unmatched
        on
            spoken_for.unit_key = unmatched.anchor_item_key
            and spoken_for.side = unmatched.side
    group by unmatched.reconciliation, unmatched.side, spoken_for.unit_key
    having min(unmatched.currency) = max(unmatched.currency)
)

select * from final
