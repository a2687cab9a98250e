-- What explains a difference is looked for among: for a payment of one payer that names some
-- documents, what it pays beyond them, and the payer's other open documents; for one that is
-- short, what is missing, and the payer's open credit memos.
with

open_items as (select * from {{ ref('int_open__after_equals') }}),

named as (select * from {{ ref('int_remainders__links') }}),

ordered_items as (
    select
        items.item_key,
        items.purchase_order_number
    from {{ ref('int_items__open') }} as items
    where items.purchase_order_number is not null
),

{{ units_of('open_items') }},

named_units as (
    select distinct
        named.group_name,
        'expected' as side,
        named.expected_unit as unit_key
    from named
    union
    select distinct
        named.group_name,
        'actual' as side,
        named.actual_unit as unit_key
    from named
),

plain_groups as (
    select named.group_name
    from named
    group by named.group_name
    having
        max(case when named.is_ambiguous or named.is_weak then 1 else 0 end) = 0
        and max(named.is_tangled) = 0
        and count(distinct named.actual_unit) = 1
),

-- one payer, one currency
remainders as (
    select
        named_units.group_name,
        min(units.reconciliation) as reconciliation,
        max(case when units.side = 'actual' then units.unit_key end) as unit_key,
        max(case when units.side = 'actual' then units.event_date end) as event_date,
        min(units.family_id) as family_id,
        min(units.currency) as currency,
        cast(
            sum(case when units.side = 'actual' then units.unit_amount else -units.unit_amount end)
            as {{ amount_type() }}
        ) as remainder
    from named_units
    inner join plain_groups
        on named_units.group_name = plain_groups.group_name
    inner join units
        on named_units.unit_key = units.unit_key and named_units.side = units.side
    group by named_units.group_name
    having
        count(*) = count(units.family_id)
        and min(units.family_id) = max(units.family_id)
        and min(units.currency) = max(units.currency)
        and min(case when units.side = 'actual' then units.unit_amount end) > 0
),

free_documents as (
    select units.*
    from units
    left join named_units
        on units.unit_key = named_units.unit_key and units.side = named_units.side
    where units.side = 'expected' and named_units.unit_key is null
),

directed as (
    select
        remainders.reconciliation,
        'actual' as side,
        remainders.unit_key,
        remainders.family_id,
        remainders.currency,
        case when remainders.remainder > 0 then 'more' else 'less' end as direction,
        remainders.event_date,
        abs(remainders.remainder) as unit_amount
    from remainders
    where remainders.remainder <> 0
    union all
    select
        free_documents.reconciliation,
        free_documents.side,
        free_documents.unit_key,
        free_documents.family_id,
        free_documents.currency,
        'more' as direction,
        free_documents.event_date,
        free_documents.unit_amount
    from free_documents
    where free_documents.unit_amount <> 0
    union all
    select
        free_documents.reconciliation,
        free_documents.side,
        free_documents.unit_key,
        free_documents.family_id,
        free_documents.currency,
        'less' as direction,
        free_documents.event_date,
        -free_documents.unit_amount as unit_amount
    from free_documents
    where free_documents.unit_amount < 0
),

parties as (
    select
        directed.reconciliation,
        directed.family_id,
        directed.currency,
        directed.direction,
        cast(
            row_number() over (
                order by
                    directed.reconciliation nulls last,
                    directed.family_id nulls last,
                    directed.currency nulls last,
                    directed.direction nulls last
            ) as bigint
        ) as party_number
    from directed
    group by
        directed.reconciliation, directed.family_id, directed.currency, directed.direction
    having
        count(case when directed.side = 'expected' then 1 end) > 0
        and count(case when directed.side = 'actual' then 1 end) > 0
),

final as (
    select
        directed.reconciliation,
        directed.side,
        directed.unit_key,
        parties.party_number,
        directed.event_date,
        {{ small_amount('directed.unit_amount') }} as amount,
        ordered_items.purchase_order_number,
        directed.side = 'expected' and directed.direction = 'less' as takes_off,
        cast(
            row_number() over (
                partition by parties.party_number, directed.side
                order by directed.event_date nulls last, directed.unit_key nulls last
            ) as bigint
        ) as place
    from directed
    inner join parties
        on
            directed.reconciliation = parties.reconciliation
            and directed.family_id = parties.family_id
            and directed.currency = parties.currency
            and directed.direction = parties.direction
    left join ordered_items
        on directed.unit_key = ordered_items.item_key
    where abs(directed.unit_amount) between 0.0001 and 1000000000000
)

select * from final
