-- A camt.054 or MT942 (a notification) describes what a statement (camt.053, MT940) books. Money is
-- counted once: this model says for every landed row whether it is an item or only evidence.
with

transactions as (select * from {{ ref('stg_bank__transactions') }}),

sealed_items as (
    select distinct live_items.item_id
    from {{ ref('int_journal__live_items') }} as live_items
    where live_items.item_type = 'bank_transaction'
),

entries as (
    select
        transactions.*,
        coalesce(transactions.entry_source, 'statement') as delivery,
        -- a statement lists what is booked; one that says otherwise of a line only announces it
        coalesce(transactions.entry_source, 'statement') = 'statement'
        and coalesce(transactions.entry_status, 'BOOK') = 'BOOK' as is_statement_booked,
        -- where the bank gives no reference, ids come from the content; a notification's end in ~n
        coalesce(
            transactions.entry_reference,
            transactions.bank_reference,
            replace(transactions.entry_id, '~n', '')
        ) as entry_key,
        coalesce(transactions.entry_amount, transactions.amount) as entry_total,
        {{ item_id(['transactions.account_id', 'transactions.entry_id']) }} as item_id
    from transactions
),

statement_entries as (
    select
        entries.account_id,
        entries.entry_key,
        entries.entry_total,
        entries.booking_date,
        count(*) as detail_count,
        min(entries.item_id) as item_id
    from entries
    where entries.is_statement_booked
    group by entries.account_id, entries.entry_key, entries.entry_total, entries.booking_date
),

notification_entries as (
    select
        entries.account_id,
        entries.entry_key,
        entries.entry_total,
        entries.booking_date,
        count(*) as detail_count,
        sum(entries.amount) as detail_total
    from entries
    where entries.delivery = 'notification'
    group by entries.account_id, entries.entry_key, entries.entry_total, entries.booking_date
),

-- a statement entry is split only while it is in no live match
pairs as (
    select
        statement_entries.account_id,
        statement_entries.entry_key,
        statement_entries.entry_total,
        statement_entries.booking_date,
        case when statement_entries.detail_count = 1 then statement_entries.item_id end
            as described_item_id,
        statement_entries.detail_count = 1
        and notification_entries.detail_count > 1
        and notification_entries.detail_total = notification_entries.entry_total
        and sealed_items.item_id is null as is_split
    from statement_entries
    inner join notification_entries
        on
            statement_entries.account_id = notification_entries.account_id
            and statement_entries.entry_key = notification_entries.entry_key
            and statement_entries.entry_total = notification_entries.entry_total
            and statement_entries.booking_date = notification_entries.booking_date
    left join sealed_items
        on statement_entries.item_id = sealed_items.item_id
),

-- a notification of one item lends its details to the statement's entry
single_details as (
    select
        entries.account_id,
        entries.entry_key,
        entries.entry_total,
        entries.booking_date,
        max(entries.counterparty_name) as counterparty_name,
        max(entries.counterparty_account) as counterparty_account,
        max(entries.remittance_information) as remittance_information,
        max(entries.end_to_end_id) as end_to_end_id,
        max(entries.structured_reference) as structured_reference,
        max(entries.original_amount) as original_amount,
        max(entries.original_currency) as original_currency,
        max(entries.charges_amount) as charges_amount
    from entries
    where entries.delivery = 'notification'
    group by entries.account_id, entries.entry_key, entries.entry_total, entries.booking_date
    having count(*) = 1
),

final as (
    select
        entries.account_id,
        entries.entry_id,
        entries.item_id,
        entries.booking_date,
        entries.value_date,
        entries.amount,
        entries.currency,
        coalesce(entries.counterparty_name, single_details.counterparty_name)
            as counterparty_name,
        coalesce(entries.counterparty_account, single_details.counterparty_account)
            as counterparty_account,
        coalesce(entries.remittance_information, single_details.remittance_information)
            as remittance_information,
        coalesce(entries.end_to_end_id, single_details.end_to_end_id) as end_to_end_id,
        coalesce(entries.structured_reference, single_details.structured_reference)
            as structured_reference,
        entries.bank_transaction_code,
        entries.statement_id,
        coalesce(entries.original_amount, single_details.original_amount) as original_amount,
        coalesce(entries.original_currency, single_details.original_currency)
            as original_currency,
        coalesce(entries.charges_amount, single_details.charges_amount) as charges_amount,
        entries.entry_key,
        entries.delivery,
        case
            when pairs.entry_key is null then 'item'
            when entries.delivery = 'notification' and pairs.is_split then 'item'
            when entries.delivery = 'statement' and not pairs.is_split then 'item'
            else 'evidence'
        end as role,
        case
            when entries.delivery = 'notification' and not pairs.is_split
                then pairs.described_item_id
        end as described_item_id,
        pairs.entry_key is not null
        or entries.is_statement_booked
        or coalesce(entries.entry_status, '') = 'BOOK' as is_booked,
        entries._batch_id,
        entries._row_hash
    from entries
    -- an announced line of a statement is no part of the entry that the bank books later
    left join pairs
        on
            (entries.delivery = 'notification' or entries.is_statement_booked)
            and entries.account_id = pairs.account_id
            and entries.entry_key = pairs.entry_key
            and entries.entry_total = pairs.entry_total
            and entries.booking_date = pairs.booking_date
    left join single_details
        on
            entries.account_id = single_details.account_id
            and entries.entry_key = single_details.entry_key
            and entries.entry_total = single_details.entry_total
            and entries.booking_date = single_details.booking_date
)

select * from final
