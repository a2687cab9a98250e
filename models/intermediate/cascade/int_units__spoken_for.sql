-- Units that earlier waves have found something for without closing it: they are in a suggestion,
-- or named by a payment of another amount. The equals may not take them, and count them when they
-- ask whether something else fits.
with

unmatched as (select * from {{ ref('int_open__unmatched') }}),

open_items as (select * from {{ ref('int_open__after_texts') }}),

items as (select * from {{ ref('int_items') }}),

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
        remainders.group_name,
        'expected' as side,
        remainders.expected_unit as unit_key
    from remainders
    union
    select
        remainders.group_name,
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

priced as (
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
),

named_documents as (
    select distinct
        named.group_name,
        priced.unit_amount
    from named
    inner join priced
        on named.unit_key = priced.unit_key and named.side = priced.side
    where named.side = 'expected'
),

doubtful as (
    select remainders.group_name
    from remainders
    where remainders.is_ambiguous or remainders.is_weak or remainders.is_tangled = 1
    union
    -- it may have quoted a wrong number, and be for another document that it equals
    select named.group_name
    from named
    inner join priced as payments
        on named.unit_key = payments.unit_key and named.side = payments.side
    inner join items
        on
            payments.reconciliation = items.reconciliation
            and payments.family_id = items.family_id
            and payments.currency = items.currency
            and payments.unit_amount = items.amount
    left join named_documents
        on
            named.group_name = named_documents.group_name
            and payments.unit_amount = named_documents.unit_amount
    where
        payments.side = 'actual'
        and items.side = 'expected'
        and items.set_aside_reason is null
        and named_documents.group_name is null
),

-- one payer says of its own money what it pays: of one document, or the whole of several; what went
-- back again pays nothing
paying_groups as (
    select named.group_name
    from named
    inner join priced
        on named.unit_key = priced.unit_key and named.side = priced.side
    left join doubtful
        on named.group_name = doubtful.group_name
    group by named.group_name
    having
        count(doubtful.group_name) = 0
        and count(*) = count(priced.family_id)
        and min(priced.family_id) = max(priced.family_id)
        and min(priced.currency) = max(priced.currency)
        and min(sign(priced.unit_amount)) = max(sign(priced.unit_amount))
        and (
            count(case when priced.side = 'expected' then 1 end) = 1
            or sum(case when priced.side = 'actual' then priced.unit_amount end)
            >= sum(case when priced.side = 'expected' then priced.unit_amount end)
        )
),

paid_by_name as (
    select named.unit_key
    from named
    inner join paying_groups
        on named.group_name = paying_groups.group_name
    left join held
        on named.unit_key = held.unit_key and named.side = held.side
    where named.side = 'expected' and held.unit_key is null
),

final as (
    select
        priced.*,
        paid_by_name.unit_key is not null as is_paid_by_name
    from priced
    left join paid_by_name
        on priced.unit_key = paid_by_name.unit_key
)

select * from final
