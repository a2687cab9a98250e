-- What a match closes without money: an expected item's adjustment is a debit (a discount granted,
-- a charge borne), an actual item's a credit (a cent too much kept).
with

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where adjusted_amount <> {{ zero() }}
),

matches as (select * from {{ ref('int_matches__to_post') }}),

posting_reconciliations as (
    select distinct posting_rules.reconciliation
    from {{ ref('posting_rules') }} as posting_rules
),

final as (
    select
        allocations.match_id,
        allocations.reconciliation,
        allocations.adjustment_kind as posting_kind,
        allocations.item_key,
        allocations.item_type,
        allocations.item_id,
        allocations.currency,
        cast(
            case when allocations.side = 'actual' then -1 else 1 end * allocations.adjusted_amount
            as {{ amount_type() }}
        ) as amount,
        cast(3 as bigint) as line_order,
        cast(null as {{ dbt.type_string() }}) as own_account_code
    from allocations
    inner join matches
        on allocations.match_id = matches.match_id
    inner join posting_reconciliations
        on allocations.reconciliation = posting_reconciliations.reconciliation
)

select * from final
