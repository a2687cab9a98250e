-- What people have ordered and is neither done nor refused yet, item by item: to match items by
-- hand (`create_match`), or to write off what is open of them (`write_off`). An order that names
-- nothing has one row without an item.
with

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action in ('create_match', 'write_off') and decided_at <= {{ as_of() }}
),

reconciliations as (select * from {{ ref('reconciliations') }}),

known_exceptions as (select * from {{ ref('int_exceptions__journal') }}),

held as (select * from {{ ref('int_items__held') }}),

refused_orders as (
    select entries.subject_id as decision_id
    from {{ ref('stg_tieout__journal_entries') }} as entries
    where entries.entry_type = 'order_refused'
),

rejected_matches as (select * from {{ ref('int_journal__rejections') }}),

orders as (
    select
        decisions.*,
        {{ order_match_id('decisions.decision_id') }} as match_id_to_make,
        {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id as order_place
    from decisions
),

open_orders as (
    select orders.*
    from orders
    left join {{ ref('int_journal__matches') }} as sealed_matches
        on orders.match_id_to_make = sealed_matches.match_id
    left join refused_orders
        on orders.decision_id = refused_orders.decision_id
    left join rejected_matches
        on orders.match_id_to_make = rejected_matches.match_id
    where
        sealed_matches.match_id is null
        and refused_orders.decision_id is null
        and rejected_matches.match_id is null
),

-- a write-off may name an exception in place of an item
named as (
    select
        open_orders.decision_id,
        open_orders.named_items.item_type,
        open_orders.named_items.item_id,
        open_orders.named_items.amount as stated_text,
        open_orders.named_items.reconciliation as stated_reconciliation
    from {{ with_json_elements(
        'open_orders',
        'items',
        'named_items',
        ['item_type', 'item_id', 'amount', 'reconciliation']
    ) }}
    union all
    select
        open_orders.decision_id,
        known_exceptions.item_type,
        known_exceptions.item_id,
        cast(null as {{ dbt.type_string() }}) as stated_text,
        known_exceptions.reconciliation as stated_reconciliation
    from open_orders
    inner join known_exceptions
        on open_orders.exception_id = known_exceptions.exception_id
    where open_orders.action = 'write_off' and coalesce(open_orders.items, '[]') = '[]'
),

-- an item named twice counts once, with what both ask for
named_once as (
    select
        named.decision_id,
        named.item_type,
        named.item_id,
        min(named.stated_reconciliation) as stated_reconciliation,
        count(named.stated_text) as stated_count,
        count({{ try_cast_as('named.stated_text', amount_type()) }}) as readable_count,
        cast(
            sum(abs({{ try_cast_as('named.stated_text', amount_type()) }})) as {{ amount_type() }}
        ) as stated_amount
    from named
    group by named.decision_id, named.item_type, named.item_id
),

-- the items that the orders name, in each reconciliation that lists them
listed_items as (
    select
        named_once.decision_id,
        named_once.stated_reconciliation,
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.item_key,
        items.claim_key,
        items.document_number,
        items.currency,
        items.amount,
        items.event_date,
        items.row_hash,
        items.set_aside_reason
    from named_once
    inner join {{ ref('int_items') }} as items
        on
            named_once.item_type = items.item_type
            and named_once.item_id = items.item_id
),

-- the reconciliation that lists most of the items with something to match
scored as (
    select
        listed_items.decision_id,
        listed_items.reconciliation,
        sum(
            case
                when
                    listed_items.set_aside_reason is null
                    and listed_items.stated_reconciliation = listed_items.reconciliation
                    then 100
                when listed_items.set_aside_reason is null then 10
                else 1
            end
        ) as score,
        min(case when reconciliations.party_kind = 'customer' then 0 else 1 end) as rank_of_kind
    from listed_items
    left join reconciliations
        on listed_items.reconciliation = reconciliations.name
    group by listed_items.decision_id, listed_items.reconciliation
),

ranked as (
    select
        scored.decision_id,
        scored.reconciliation,
        row_number() over (
            partition by scored.decision_id
            order by
                scored.score desc nulls last,
                scored.rank_of_kind asc nulls last,
                scored.reconciliation asc nulls last
        ) as place
    from scored
),

chosen as (
    select *
    from ranked
    where place = 1
),

known_items as (
    select distinct
        listed_items.item_type,
        listed_items.item_id
    from listed_items
),

-- a bank line that one reconciliation holds is not open in another
claims as (
    select distinct
        listed_items.claim_key,
        allocations.reconciliation
    from listed_items
    inner join {{ ref('int_journal__allocations') }} as allocations
        on listed_items.claim_key = allocations.claim_key
    inner join {{ ref('int_matches__standing') }} as standing
        on allocations.match_id = standing.match_id
    where allocations.item_type = 'bank_transaction' and standing.reversal_reason is null
),

final as (
    select
        open_orders.decision_id,
        open_orders.match_id_to_make as match_id,
        open_orders.action,
        open_orders.actor,
        open_orders.approved_by,
        open_orders.decided_at,
        open_orders.order_place,
        coalesce(open_orders.comment, open_orders.reason_code) as comment,
        open_orders._row_hash as decision_row_hash,
        named_once.item_type,
        named_once.item_id,
        known_items.item_id is not null as is_known,
        named_once.stated_count > named_once.readable_count
        or coalesce(named_once.stated_amount = 0, false) as is_unreadable,
        named_once.stated_amount,
        chosen.reconciliation,
        listed_items.side,
        listed_items.item_key,
        listed_items.claim_key,
        listed_items.document_number,
        listed_items.currency,
        listed_items.amount,
        cast(listed_items.amount - coalesce(held.held_amount, {{ zero() }}) as {{ amount_type() }})
            as open_amount,
        listed_items.event_date,
        listed_items.row_hash,
        listed_items.set_aside_reason is not null or claims.claim_key is not null as is_set_aside
    from open_orders
    left join named_once
        on open_orders.decision_id = named_once.decision_id
    left join known_items
        on
            named_once.item_type = known_items.item_type
            and named_once.item_id = known_items.item_id
    left join chosen
        on open_orders.decision_id = chosen.decision_id
    left join listed_items
        on
            named_once.decision_id = listed_items.decision_id
            and chosen.reconciliation = listed_items.reconciliation
            and named_once.item_type = listed_items.item_type
            and named_once.item_id = listed_items.item_id
    left join held
        on listed_items.item_key = held.item_key
    left join claims
        on
            listed_items.claim_key = claims.claim_key
            and listed_items.reconciliation <> claims.reconciliation
)

select * from final
