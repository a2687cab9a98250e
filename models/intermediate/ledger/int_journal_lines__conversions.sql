-- Money of one currency that covers an item of another: it leaves its own currency and enters the
-- match's through the conversion account, so that debits equal credits in each currency.
with

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where currency <> match_currency and allocated_amount <> {{ zero() }}
),

matches as (select * from {{ ref('int_matches__to_post') }}),

posting_reconciliations as (
    select distinct posting_rules.reconciliation
    from {{ ref('posting_rules') }} as posting_rules
),

converted as (
    select
        allocations.*,
        case when allocations.side = 'actual' then 1 else -1 end as direction
    from allocations
    inner join matches
        on allocations.match_id = matches.match_id
    inner join posting_reconciliations
        on allocations.reconciliation = posting_reconciliations.reconciliation
),

legs as (
    select
        converted.match_id,
        converted.reconciliation,
        converted.currency,
        -converted.direction * converted.allocated_amount as amount,
        7 as line_order
    from converted
    union all
    select
        converted.match_id,
        converted.reconciliation,
        converted.match_currency as currency,
        converted.direction * converted.match_amount as amount,
        8 as line_order
    from converted
),

totals as (
    select
        legs.match_id,
        legs.reconciliation,
        legs.currency,
        legs.line_order,
        sum(legs.amount) as amount
    from legs
    group by legs.match_id, legs.reconciliation, legs.currency, legs.line_order
),

final as (
    select
        totals.match_id,
        totals.reconciliation,
        'currency_conversion' as posting_kind,
        cast(null as {{ dbt.type_string() }}) as item_key,
        cast(null as {{ dbt.type_string() }}) as item_type,
        cast(null as {{ dbt.type_string() }}) as item_id,
        totals.currency,
        cast(totals.amount as {{ amount_type() }}) as amount,
        cast(totals.line_order as bigint) as line_order,
        cast(null as {{ dbt.type_string() }}) as own_account_code
    from totals
    where totals.amount <> {{ zero() }}
)

select * from final
