-- Invariant 1. Guards: every landed valid record is listed once per reconciliation, and its amount
-- is allocated, adjusted or open to the last digit, never twice and never nowhere.
-- Breaks when: a mapping model filters or multiplies rows (a join on a key that is not one), a sign
-- is lost, or a balance is computed from other allocations than those that are published. In
-- silence, money would be missing from, or doubled in, every report.
{{ config(meta={'dagster': {'ref': {'name': 'fct_items'}}}) }}

with

items as {{ read_in_place() }} (
    select
        fct_items.*,
        coalesce(
            fct_items.amount
            <> fct_items.allocated_amount + fct_items.adjusted_amount + fct_items.open_amount,
            true
        ) as is_unbalanced
    from {{ ref('fct_items') }} as fct_items
),

active as (
    select *
    from {{ ref('int_reconciliations__active') }}
    where is_active
),

invoices as (
    select *
    from {{ ref('stg_billing__invoices') }}
    where issued_at <= {{ as_of() }}
),

transactions as (
    select *
    from {{ ref('stg_gateway__transactions') }}
    where created_at <= {{ as_of() }}
),

payouts as (
    select *
    from {{ ref('stg_gateway__payouts') }}
    where created_at <= {{ as_of() }}
),

-- lines of a notification that a statement books as well are evidence, not money
bank_transactions as (
    select *
    from {{ ref('int_bank_transactions__booked') }}
    where role = 'item' and booking_date <= {{ as_of_date() }}
),

booked_accounts as (
    select
        account_id,
        ledger_account_code || ' ' || currency as code_and_currency
    from {{ ref('stg_bank__accounts') }}
    where ledger_account_code is not null
),

ledger_entries as (
    select *
    from {{ ref('stg_ledger__entries') }}
    where posting_date <= {{ as_of_date() }}
),

bills as (
    select *
    from {{ ref('stg_procurement__vendor_invoices') }}
    where invoice_date <= {{ as_of_date() }}
),

-- the lines of a bill in one currency are one item
bill_totals as (
    select
        bills.currency,
        sum(bills.amount) as amount
    from bills
    group by bills.vendor_invoice_id, bills.currency
),

landed as (
    select
        'invoice_to_receipt' as reconciliation,
        'billing_invoices' as feed,
        invoices.currency,
        case when invoices.document_type = 'credit_memo' then -1 else 1 end
        * invoices.total_amount as amount
    from invoices
    union all
    select
        'invoice_to_receipt' as reconciliation,
        'gateway_transactions' as feed,
        transactions.currency,
        transactions.amount
    from transactions
    where transactions.type in ('charge', 'refund', 'chargeback', 'chargeback_reversal')
    union all
    select
        'gateway_to_payout' as reconciliation,
        'gateway_transactions' as feed,
        transactions.currency,
        transactions.net_amount as amount
    from transactions
    union all
    select
        'gateway_to_payout' as reconciliation,
        'gateway_payouts' as feed,
        payouts.currency,
        payouts.amount
    from payouts
    union all
    select
        'payout_to_bank' as reconciliation,
        'gateway_payouts' as feed,
        payouts.currency,
        payouts.amount
    from payouts
    union all
    -- the books hold a bank line beside whatever explains it
    select
        'bank_to_ledger' as reconciliation,
        'bank_transactions' as feed,
        bank_transactions.currency,
        bank_transactions.amount
    from bank_transactions
    where bank_transactions.account_id in (select booked_accounts.account_id from booked_accounts)
    union all
    select
        'bank_to_ledger' as reconciliation,
        'ledger_entries' as feed,
        ledger_entries.currency,
        coalesce(ledger_entries.debit_amount, 0) - coalesce(ledger_entries.credit_amount, 0)
            as amount
    from ledger_entries
    where
        ledger_entries.account_code || ' ' || ledger_entries.currency
        in (select booked_accounts.code_and_currency from booked_accounts)
    union all
    select
        'bill_to_payment' as reconciliation,
        'vendor_invoices' as feed,
        bill_totals.currency,
        -bill_totals.amount as amount
    from bill_totals
),

landed_totals as (
    select
        landed.reconciliation,
        landed.feed,
        landed.currency,
        count(*) as row_count,
        sum(landed.amount) as amount
    from landed
    inner join active
        on landed.reconciliation = active.reconciliation
    group by landed.reconciliation, landed.feed, landed.currency
    union all
    -- a bank line is in one reconciliation only, whichever explains it
    select
        'any' as reconciliation,
        'bank_transactions' as feed,
        bank_transactions.currency,
        count(*) as row_count,
        sum(bank_transactions.amount) as amount
    from bank_transactions
    group by bank_transactions.currency
),

placed as (
    select
        case
            when
                items.item_type = 'bank_transaction' and items.reconciliation <> 'bank_to_ledger'
                then 'any'
            else items.reconciliation
        end as reconciliation,
        case
            when items.item_type in ('invoice', 'credit_memo') then 'billing_invoices'
            when items.item_type = 'payout' then 'gateway_payouts'
            when items.item_type = 'bank_transaction' then 'bank_transactions'
            when items.item_type = 'ledger_entry' then 'ledger_entries'
            when items.item_type = 'vendor_invoice' then 'vendor_invoices'
            else 'gateway_transactions'
        end as feed,
        items.currency,
        items.amount
    from items
    where items.set_aside_reason is distinct from 'explained_elsewhere'
),

placed_totals as (
    select
        placed.reconciliation,
        placed.feed,
        placed.currency,
        count(*) as row_count,
        sum(placed.amount) as amount
    from placed
    group by placed.reconciliation, placed.feed, placed.currency
),

differing_totals as (
    select
        coalesce(landed_totals.reconciliation, placed_totals.reconciliation) as reconciliation,
        coalesce(landed_totals.feed, placed_totals.feed) as item_type,
        coalesce(landed_totals.currency, placed_totals.currency) as item_id,
        'items do not add up to the landed rows of the feed' as failure,
        coalesce(landed_totals.amount, {{ zero() }}) as expected_amount,
        coalesce(placed_totals.amount, {{ zero() }}) as found_amount
    from landed_totals
    full outer join placed_totals
        on
            landed_totals.reconciliation = placed_totals.reconciliation
            and landed_totals.feed = placed_totals.feed
            and landed_totals.currency is not distinct from placed_totals.currency
    where
        landed_totals.row_count is distinct from placed_totals.row_count
        or landed_totals.amount is distinct from placed_totals.amount
),

-- their names are read only where there are some
unbalanced as (
    select distinct items.reconciliation
    from items
    where items.is_unbalanced
),

unbalanced_items as (
    select
        items.reconciliation,
        items.item_type,
        items.item_id,
        'amount is not allocated + adjusted + open' as failure,
        items.amount as expected_amount,
        items.allocated_amount + items.adjusted_amount + items.open_amount as found_amount
    from items
    inner join unbalanced
        on items.reconciliation = unbalanced.reconciliation
    where items.is_unbalanced
),

final as (
    select * from differing_totals
    union all
    select * from unbalanced_items
)

select * from final
