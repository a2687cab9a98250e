-- Successful charges that repeat an earlier one under the same idempotency key: the gateway took
-- the money twice for one request. The second pays nothing; it stays part of its payout.
with

transactions as (
    select
        stg_gateway__transactions.*,
        {{ item_id(['gateway', 'transaction_id']) }} as item_id
    from {{ ref('stg_gateway__transactions') }} as stg_gateway__transactions
    where
        stg_gateway__transactions.type = 'charge'
        and stg_gateway__transactions.status = 'succeeded'
        and stg_gateway__transactions.idempotency_key is not null
        and stg_gateway__transactions.created_at <= {{ as_of() }}
),

landed_records as (
    select *
    from {{ ref('stg_tieout__landed_records') }}
    where feed = 'gateway_transactions'
),

ordered as (
    select
        transactions.item_id,
        transactions.gateway,
        first_value(transactions.item_id) over (
            partition by
                transactions.gateway,
                transactions.idempotency_key,
                transactions.currency,
                transactions.amount
            order by transactions.created_at nulls last, transactions.item_id nulls last
        ) as original_item_id
    from transactions
),

copies as (
    select *
    from ordered
    where item_id <> original_item_id
),

first_runs as (
    select
        copies.item_id,
        min(landed_records.run_sequence) as run_sequence
    from copies
    inner join landed_records
        on copies.item_id = landed_records.record_key
    group by copies.item_id
),

final as (
    select
        copies.item_id,
        copies.original_item_id,
        'charge_key' as rule_id,
        concat_ws(
            '|',
            'charge_key',
            'charge',
            copies.gateway,
            'run ' || cast(first_runs.run_sequence as {{ dbt.type_string() }})
        ) as group_name
    from copies
    left join first_runs
        on copies.item_id = first_runs.item_id
)

select * from final
