-- What a match closes of each item: actual items are debited, expected items credited. Between two
-- items of one clearing account nothing moves, so there only what is left over becomes a line.
with

allocations as (select * from {{ ref('int_match_allocations') }}),

matches as (select * from {{ ref('int_matches__to_post') }}),

posting_rules as (select * from {{ ref('posting_rules') }}),

bank_accounts as (
    select
        'bank_transaction' as item_type,
        {{ item_id_part('stg_bank__accounts.account_id') }} as account_item_part,
        stg_bank__accounts.ledger_account_code
    from {{ ref('stg_bank__accounts') }} as stg_bank__accounts
    where stg_bank__accounts.ledger_account_code is not null
),

closed as (
    select
        allocations.match_id,
        allocations.reconciliation,
        allocations.item_type as posting_kind,
        allocations.item_key,
        allocations.item_type,
        allocations.item_id,
        allocations.currency,
        case when allocations.side = 'actual' then 1 else -1 end
        * (allocations.allocated_amount + allocations.adjusted_amount) as amount,
        case when allocations.side = 'actual' then 1 else 2 end as line_order,
        posting_rules.debit_role,
        posting_rules.is_netted
    from allocations
    inner join matches
        on allocations.match_id = matches.match_id
    inner join posting_rules
        on
            allocations.reconciliation = posting_rules.reconciliation
            and allocations.item_type = posting_rules.posting_kind
),

item_lines as (
    select
        closed.match_id,
        closed.reconciliation,
        closed.posting_kind,
        closed.item_key,
        closed.item_type,
        closed.item_id,
        closed.currency,
        closed.amount,
        closed.line_order,
        bank_accounts.ledger_account_code as own_account_code
    from closed
    left join bank_accounts
        on
            closed.item_type = bank_accounts.item_type
            and split_part(closed.item_id, '/', 1) = bank_accounts.account_item_part
    where not closed.is_netted
),

netted_lines as (
    select
        closed.match_id,
        closed.reconciliation,
        min(closed.posting_kind) as posting_kind,
        cast(null as {{ dbt.type_string() }}) as item_key,
        cast(null as {{ dbt.type_string() }}) as item_type,
        cast(null as {{ dbt.type_string() }}) as item_id,
        closed.currency,
        sum(closed.amount) as amount,
        1 as line_order,
        cast(null as {{ dbt.type_string() }}) as own_account_code
    from closed
    where closed.is_netted
    group by closed.match_id, closed.reconciliation, closed.currency, closed.debit_role
),

lines as (
    select * from item_lines
    union all
    select * from netted_lines
),

final as (
    select
        lines.match_id,
        lines.reconciliation,
        lines.posting_kind,
        lines.item_key,
        lines.item_type,
        lines.item_id,
        lines.currency,
        cast(lines.amount as {{ amount_type() }}) as amount,
        cast(lines.line_order as bigint) as line_order,
        lines.own_account_code
    from lines
    where lines.amount <> {{ zero() }}
)

select * from final
