-- What sets are looked for among: open units of parties that have some on both sides. What a party
-- has in all is in int_sets__parties.
with

open_items as (select * from {{ ref('int_open__after_equals') }}),

naming as (select * from {{ ref('int_items__naming_documents') }}),

equal_credits as (
    select memos.memo_key as item_key
    from {{ ref('int_credit_memos__equal') }} as memos
    union all
    select memos.invoice_key as item_key
    from {{ ref('int_credit_memos__equal') }} as memos
),

-- documents that a payment of another amount names are spoken for, and what completes it
named as (
    select remainders.expected_unit as item_key
    from {{ ref('int_remainders__links') }} as remainders
    union
    select remainders.actual_unit as item_key
    from {{ ref('int_remainders__links') }} as remainders
    union
    select completed.expected_unit as item_key
    from {{ ref('int_links__remainder') }} as completed
    where completed.pass = 'remainder' and completed.link_ambiguity is null
),

silent_items as (
    select open_items.*
    from open_items
    left join naming
        on open_items.anchor_item_key = naming.item_key
    left join equal_credits
        on open_items.anchor_item_key = equal_credits.item_key
    left join named
        on open_items.anchor_item_key = named.item_key
    where
        naming.item_key is null
        and equal_credits.item_key is null
        and named.item_key is null
),

reconciliations as (select * from {{ ref('reconciliations') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'sets' and relation = 'exact' and rollout = 'stable'
),

ordered_items as (
    select
        items.item_key,
        items.purchase_order_number
    from {{ ref('int_items__open') }} as items
    where items.purchase_order_number is not null
),

{{ units_of('silent_items') }},

candidates as (
    select
        units.reconciliation,
        units.side,
        units.unit_key,
        -- what leaves an account is no credit against what enters it: its own party, sign turned
        case
            when reconciliations.party_kind = 'account' and units.unit_amount < 0
                then units.family_id || ' out'
            else units.family_id
        end as family_id,
        units.currency,
        units.event_date,
        reconciliations.party_kind = 'account' as is_account,
        -- what is owed to a vendor, and what it gets, is an amount here, its credit notes are
        -- credits
        {{ small_amount(
            "case reconciliations.party_kind when 'account' then abs(units.unit_amount) "
            "when 'vendor' then -units.unit_amount else units.unit_amount end"
        ) }} as amount
    from units
    inner join rules
        on units.reconciliation = rules.reconciliation
    inner join reconciliations
        on units.reconciliation = reconciliations.name
    where
        units.family_id is not null
        -- what a decimal(18, 4) holds sixty times
        and abs(units.unit_amount) between 0.0001 and 1000000000000
),

parties as (
    select
        candidates.reconciliation,
        candidates.family_id,
        candidates.currency,
        cast(
            row_number() over (
                order by
                    candidates.reconciliation nulls last,
                    candidates.family_id nulls last,
                    candidates.currency nulls last
            ) as bigint
        ) as party_number
    from candidates
    group by candidates.reconciliation, candidates.family_id, candidates.currency
    having
        count(case when candidates.side = 'expected' then 1 end) > 0
        and count(case when candidates.side = 'actual' then 1 end) > 0
        and count(*) > 2
        -- on a busy account everything adds up to something
        and (
            max(case when candidates.is_account then 1 else 0 end) = 0
            or count(*) <= {{ search_limit('largest_party_in_sets') }}
        )
),

final as (
    select
        candidates.reconciliation,
        candidates.side,
        candidates.unit_key,
        parties.party_number,
        candidates.event_date,
        candidates.amount,
        ordered_items.purchase_order_number,
        cast(
            row_number() over (
                partition by parties.party_number, candidates.side
                order by candidates.event_date nulls last, candidates.unit_key nulls last
            ) as bigint
        ) as place
    from candidates
    inner join parties
        on
            candidates.reconciliation = parties.reconciliation
            and candidates.family_id = parties.family_id
            and candidates.currency = parties.currency
    left join ordered_items
        on candidates.unit_key = ordered_items.item_key
)

select * from final
