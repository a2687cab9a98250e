-- What a gateway keeps of the money that it pays out: gross less net of each item, its own fee
-- items, and its corrections. One line a payout match, kind and currency, each with its counterpart
-- in the clearing account, which then holds exactly the payout.
with

allocations as (
    select *
    from {{ ref('int_match_allocations') }}
    where reconciliation = 'gateway_to_payout' and side = 'expected'
),

matches as (select * from {{ ref('int_matches__to_post') }}),

currencies as (select * from {{ ref('currencies') }}),

transactions as (
    select
        stg_gateway__transactions.type as item_type,
        {{ item_id([
            'stg_gateway__transactions.gateway', 'stg_gateway__transactions.transaction_id'
        ]) }} as item_id,
        stg_gateway__transactions.net_amount,
        case
            when stg_gateway__transactions.type = 'adjustment' then 'gateway_adjustment'
            else 'processing_fee'
        end as posting_kind,
        -- a fee or correction has no gross part that a receipt has brought into clearing
        case
            when stg_gateway__transactions.type in ('fee', 'adjustment')
                then -stg_gateway__transactions.net_amount
            else stg_gateway__transactions.amount - stg_gateway__transactions.net_amount
        end as kept_amount
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
),

-- an item that a payout covers in part brings its fee in that proportion
kept as (
    select
        allocations.match_id,
        allocations.reconciliation,
        allocations.currency,
        transactions.posting_kind,
        case
            when
                allocations.allocated_amount + allocations.adjusted_amount
                = transactions.net_amount
                then transactions.kept_amount
            else {{ decimal_divide(
                as_amount(
                    'transactions.kept_amount'
                    ~ ' * (allocations.allocated_amount + allocations.adjusted_amount)'
                ),
                'transactions.net_amount',
                'coalesce(currencies.minor_digits, 2)'
            ) }}
        end as amount
    from allocations
    inner join matches
        on allocations.match_id = matches.match_id
    inner join transactions
        on
            allocations.item_type = transactions.item_type
            and allocations.item_id = transactions.item_id
    left join currencies
        on allocations.currency = currencies.code
    where transactions.kept_amount <> {{ zero() }}
),

totals as (
    select
        kept.match_id,
        kept.reconciliation,
        kept.currency,
        kept.posting_kind,
        cast(sum(kept.amount) as {{ amount_type() }}) as amount
    from kept
    group by kept.match_id, kept.reconciliation, kept.currency, kept.posting_kind
),

both_sides as (
    select
        totals.match_id,
        totals.reconciliation,
        totals.currency,
        totals.posting_kind,
        totals.amount,
        4 as line_order
    from totals
    union all
    select
        totals.match_id,
        totals.reconciliation,
        totals.currency,
        'gateway_clearing' as posting_kind,
        -totals.amount as amount,
        case when totals.posting_kind = 'processing_fee' then 5 else 6 end as line_order
    from totals
),

final as (
    select
        both_sides.match_id,
        both_sides.reconciliation,
        both_sides.posting_kind,
        cast(null as {{ dbt.type_string() }}) as item_key,
        cast(null as {{ dbt.type_string() }}) as item_type,
        cast(null as {{ dbt.type_string() }}) as item_id,
        both_sides.currency,
        cast(both_sides.amount as {{ amount_type() }}) as amount,
        cast(both_sides.line_order as bigint) as line_order,
        cast(null as {{ dbt.type_string() }}) as own_account_code
    from both_sides
    where both_sides.amount <> {{ zero() }}
)

select * from final
