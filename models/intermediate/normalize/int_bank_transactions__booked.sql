-- Money is counted once: this model says for every landed row whether it is an item or only
-- evidence of what another delivery of the bank tells, too (int_bank_transactions__described). What
-- a file tells of a line that an earlier file told is evidence as well, and a suspected copy an
-- item that is set aside (int_bank_transactions__copies).
with

transactions as (select * from {{ ref('stg_bank__transactions') }}),

copies as (select * from {{ ref('int_bank_transactions__copies') }}),

described as (select * from {{ ref('int_bank_transactions__described') }}),

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
        {{ item_id(['transactions.account_id', 'transactions.entry_id']) }} as item_id
    from transactions
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
        coalesce(entries.counterparty_name, described.counterparty_name) as counterparty_name,
        coalesce(entries.counterparty_account, described.counterparty_account)
            as counterparty_account,
        coalesce(entries.remittance_information, described.remittance_information)
            as remittance_information,
        coalesce(entries.end_to_end_id, described.end_to_end_id) as end_to_end_id,
        coalesce(entries.structured_reference, described.structured_reference)
            as structured_reference,
        entries.bank_transaction_code,
        entries.statement_id,
        coalesce(entries.original_amount, described.original_amount) as original_amount,
        coalesce(entries.original_currency, described.original_currency) as original_currency,
        coalesce(entries.charges_amount, described.charges_amount) as charges_amount,
        coalesce(entries.is_reversal, false)
        or coalesce(described.is_reversal, false) as is_reversal,
        coalesce(entries.return_reason, described.return_reason) as return_reason,
        entries.entry_key,
        entries.delivery,
        case
            when copies.verdict = 'copy' then 'evidence'
            when described.is_split then 'evidence'
            when described.described_as is not null and not described.is_part_of_split
                then 'evidence'
            else 'item'
        end as role,
        case when copies.verdict = 'copy' then 'copy' else described.described_as end
            as described_as,
        case
            when copies.verdict = 'copy' then copies.original_item_id
            else described.described_item_id
        end as described_item_id,
        coalesce(described.counted_on, entries.booking_date) as counted_on,
        described.described_as is not null
        or entries.is_statement_booked
        or coalesce(entries.entry_status, '') = 'BOOK' as is_booked,
        coalesce(copies.verdict = 'suspected', false) as is_suspected_copy,
        entries._batch_id,
        entries._row_hash
    from entries
    left join described
        on entries.item_id = described.item_id
    left join copies
        on entries.item_id = copies.item_id
)

select * from final
