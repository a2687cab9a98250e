-- What several deliveries of the bank tell of one line. A camt.054 or MT942 (a notification)
-- describes what a statement (camt.053, MT940) books. What it says is a statement's when reference,
-- amount and day are the same: those of the line itself, or else of the entry that it is a detail
-- of. Where one of the two states no booking date, another of its dates stands in: then the nearest
-- day of the other is the same. Details that add up to an entry take its place, and a line that is
-- told of once more has what it does not say itself from there.
with

transactions as (select * from {{ ref('stg_bank__transactions') }}),

copies as (select * from {{ ref('int_bank_transactions__copies') }}),

entries as (
    select
        transactions.*,
        coalesce(transactions.entry_source, 'statement') as delivery,
        -- a statement lists what is booked; one that says otherwise of a line only announces it
        coalesce(transactions.entry_source, 'statement') = 'statement'
        and coalesce(transactions.entry_status, 'BOOK') = 'BOOK' as is_statement_booked,
        coalesce(transactions.is_booking_date_assumed, false) as is_day_assumed,
        -- where the bank gives no reference, ids come from the content; a notification's end in ~n
        coalesce(transactions.bank_reference, replace(transactions.entry_id, '~n', ''))
            as line_key,
        coalesce(
            transactions.entry_reference,
            transactions.bank_reference,
            replace(transactions.entry_id, '~n', '')
        ) as entry_key,
        coalesce(transactions.entry_amount, transactions.amount) as entry_total,
        {{ item_id(['transactions.account_id', 'transactions.entry_id']) }} as item_id
    from transactions
),

notifications as (
    select *
    from entries
    where delivery = 'notification'
),

-- a copy stands for the line that counts
statement_lines as (
    select
        entries.*,
        case
            when copies.verdict = 'copy' then copies.original_item_id
            else entries.item_id
        end as counted_item_id
    from entries
    left join copies
        on entries.item_id = copies.item_id
    where
        entries.is_statement_booked
        and entries.account_id in (select notifications.account_id from notifications)
),

-- what a statement books, line by line and entry by entry
statement_groups as (
    {%- for told_as, key, total in [
        ('line', 'line_key', 'amount'), ('entry', 'entry_key', 'entry_total')
    ] %}
    select
        '{{ told_as }}' as told_as,
        statement_lines.account_id,
        statement_lines.{{ key }} as group_key,
        statement_lines.{{ total }} as total,
        statement_lines.booking_date,
        min(case when statement_lines.is_day_assumed then 1 else 0 end) = 1 as is_day_assumed,
        count(distinct statement_lines.counted_item_id) as line_count,
        min(statement_lines.counted_item_id) as item_id
    from statement_lines
    group by
        statement_lines.account_id,
        statement_lines.{{ key }},
        statement_lines.{{ total }},
        statement_lines.booking_date
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

notification_names as (
    {%- for told_as, key, total in [
        ('line', 'line_key', 'amount'), ('entry', 'entry_key', 'entry_total')
    ] %}
    select
        '{{ told_as }}' as told_as,
        notifications.account_id,
        notifications.{{ key }} as group_key,
        notifications.{{ total }} as total,
        notifications.booking_date,
        notifications.is_day_assumed,
        notifications.item_id
    from notifications
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- a notification's line with what it says of a statement
described as (
    select
        notification_names.item_id,
        statement_groups.told_as,
        statement_groups.booking_date as counted_on,
        case when statement_groups.line_count = 1 then statement_groups.item_id end
            as statement_item_id
    from notification_names
    inner join statement_groups
        on
            notification_names.told_as = statement_groups.told_as
            and notification_names.account_id = statement_groups.account_id
            and notification_names.group_key = statement_groups.group_key
            and notification_names.total = statement_groups.total
    where
        notification_names.booking_date = statement_groups.booking_date
        or notification_names.is_day_assumed
        or statement_groups.is_day_assumed
    qualify row_number() over (
        partition by notification_names.item_id
        order by
            case statement_groups.told_as when 'line' then 0 else 1 end asc nulls last,
            abs({{ days_between(
                'notification_names.booking_date', 'statement_groups.booking_date'
            ) }}) asc nulls last,
            statement_groups.booking_date asc nulls last
    ) = 1
),

sealed_items as (
    select distinct described.statement_item_id as item_id
    from described
    inner join {{ ref('int_journal__live_items') }} as live_items
        on described.statement_item_id = live_items.item_id
    where described.told_as = 'entry' and live_items.item_type = 'bank_transaction'
),

-- details that add up to an entry of one line split it, only while that is in no live match
splits as (
    select
        described.told_as,
        described.statement_item_id,
        notifications.booking_date,
        notifications.is_day_assumed
    from notifications
    inner join described
        on notifications.item_id = described.item_id
    left join sealed_items
        on described.statement_item_id = sealed_items.item_id
    where
        described.told_as = 'entry'
        and described.statement_item_id is not null
        and sealed_items.item_id is null
    group by
        described.told_as,
        described.statement_item_id,
        notifications.booking_date,
        notifications.is_day_assumed
    having count(*) > 1 and sum(notifications.amount) = max(notifications.entry_total)
    -- told twice, on the day and without one, it is split once
    qualify row_number() over (
        partition by described.statement_item_id
        order by
            case when notifications.is_day_assumed then 1 else 0 end asc nulls last,
            notifications.booking_date asc nulls last
    ) = 1
),

details as (
    select
        described.item_id,
        described.told_as,
        described.counted_on,
        described.statement_item_id,
        splits.statement_item_id is not null as is_split
    from described
    inner join notifications
        on described.item_id = notifications.item_id
    left join splits
        on
            described.told_as = splits.told_as
            and described.statement_item_id = splits.statement_item_id
            and notifications.booking_date = splits.booking_date
            and notifications.is_day_assumed = splits.is_day_assumed
),

-- one that tells of a line once more, a notification or a later file, lends its details to it
lenders as (
    select
        details.statement_item_id as borrower_item_id,
        notifications.item_id
    from details
    inner join notifications
        on details.item_id = notifications.item_id
    where
        details.told_as = 'line'
        or notifications.amount = notifications.entry_total
    union
    select
        copies.original_item_id as borrower_item_id,
        copies.item_id
    from copies
    where copies.verdict = 'copy' and copies.original_item_id is not null
),

lent as (
    select
        lenders.borrower_item_id,
        max(entries.counterparty_name) as counterparty_name,
        max(entries.counterparty_account) as counterparty_account,
        max(entries.remittance_information) as remittance_information,
        max(entries.end_to_end_id) as end_to_end_id,
        max(entries.structured_reference) as structured_reference,
        max(entries.original_amount) as original_amount,
        max(entries.original_currency) as original_currency,
        max(entries.charges_amount) as charges_amount,
        max(case when entries.is_reversal then 1 else 0 end) = 1 as is_reversal,
        max(entries.return_reason) as return_reason
    from lenders
    inner join entries
        on lenders.item_id = entries.item_id
    group by lenders.borrower_item_id
    having count(*) = 1
),

named as (
    select details.item_id from details
    union
    select splits.statement_item_id as item_id from splits
    union
    select lent.borrower_item_id as item_id from lent
),

final as (
    select
        named.item_id,
        details.told_as as described_as,
        details.counted_on,
        case when not details.is_split then details.statement_item_id end as described_item_id,
        coalesce(details.is_split, false) as is_part_of_split,
        splits.statement_item_id is not null as is_split,
        lent.counterparty_name,
        lent.counterparty_account,
        lent.remittance_information,
        lent.end_to_end_id,
        lent.structured_reference,
        lent.original_amount,
        lent.original_currency,
        lent.charges_amount,
        lent.is_reversal,
        lent.return_reason
    from named
    left join details
        on named.item_id = details.item_id
    left join splits
        on named.item_id = splits.statement_item_id
    left join lent
        on named.item_id = lent.borrower_item_id
)

select * from final
