-- Invariant 1, of bank lines. Guards: every staged bank row keeps its amount and has one role, and
-- of what a statement and a notification both tell, what counts as items is the statement's total:
-- the rows of the statement, or the details that add up to its one entry. What only one of them
-- tells counts in full. A line of a notification that is a statement's line by itself is evidence
-- of that line, and no part of the sum of its own entry. What a file tells of an earlier file's
-- lines is evidence, and of each day and amount no file tells more than is counted.
-- Breaks when: a row becomes evidence of nothing, details count beside the entry that they split,
-- or a row counts with another day's entry though both state their day. In silence, money would
-- vanish or be counted twice before anything else sees it.
-- An entry with rows that are not booked yet is left out; nothing is counted of those for good.
{#- what a bank tells of its lines follows from the lines of the account -#}
{%- set kept = {
    'by': 'account_id',
    'read': {
        'stg_bank__transactions': 'account_id',
        'int_bank_transactions__booked': 'account_id',
    },
} -%}
{{ config(
    meta={'kept': kept, 'dagster': {'ref': {'name': 'int_bank_transactions__booked'}}}
) }}

with

transactions as (select * from {{ ref('stg_bank__transactions') }}),

roles as (
    select
        booked.account_id,
        booked.entry_id,
        booked.amount,
        booked.currency,
        booked.role,
        booked.described_as,
        booked.counted_on,
        count(*) over (partition by booked.account_id, booked.entry_id) as role_count
    from {{ ref('int_bank_transactions__booked') }} as booked
),

compared as (
    select
        transactions._batch_id as batch_id,
        coalesce(transactions.account_id, roles.account_id) as account_id,
        coalesce(transactions.entry_id, roles.entry_id) as entry_id,
        transactions.booking_date,
        coalesce(transactions.is_booking_date_assumed, false) as is_day_assumed,
        coalesce(roles.counted_on, transactions.booking_date) as counted_on,
        transactions.currency,
        transactions.amount,
        transactions.entry_status,
        coalesce(transactions.bank_reference, replace(transactions.entry_id, '~n', ''))
            as line_key,
        coalesce(
            transactions.entry_reference,
            transactions.bank_reference,
            replace(transactions.entry_id, '~n', '')
        ) as entry_key,
        coalesce(transactions.entry_amount, transactions.amount) as entry_total,
        coalesce(transactions.entry_source, 'statement') = 'statement' as is_of_statement,
        roles.amount as amount_with_role,
        roles.currency as currency_with_role,
        roles.role,
        roles.described_as,
        roles.role_count
    from transactions
    full outer join roles
        on
            transactions.account_id = roles.account_id
            and transactions.entry_id = roles.entry_id
),

changed_rows as (
    select
        compared.account_id,
        compared.entry_id as entry,
        'a bank row has no role, several, or another amount' as failure,
        compared.amount as expected_amount,
        compared.amount_with_role as found_amount
    from compared
    where
        compared.role is null
        or compared.role_count > 1
        or compared.amount is distinct from compared.amount_with_role
        or compared.currency is distinct from compared.currency_with_role
),

statement_rows as (
    select *
    from compared
    where compared.is_of_statement and coalesce(compared.entry_status, 'BOOK') = 'BOOK'
),

statement_names as (
    select
        'line' as described_as,
        statement_rows.account_id,
        statement_rows.booking_date,
        statement_rows.line_key as described_key,
        statement_rows.amount as described_total,
        max(case when statement_rows.is_day_assumed then 1 else 0 end) = 1 as is_day_assumed
    from statement_rows
    group by
        statement_rows.account_id,
        statement_rows.booking_date,
        statement_rows.line_key,
        statement_rows.amount
    union all
    select
        'entry' as described_as,
        statement_rows.account_id,
        statement_rows.booking_date,
        statement_rows.entry_key as described_key,
        statement_rows.entry_total as described_total,
        max(case when statement_rows.is_day_assumed then 1 else 0 end) = 1 as is_day_assumed
    from statement_rows
    group by
        statement_rows.account_id,
        statement_rows.booking_date,
        statement_rows.entry_key,
        statement_rows.entry_total
),

undescribed_rows as (
    select
        compared.account_id,
        compared.entry_id as entry,
        'a row tells a line or an entry that no statement books on that day' as failure,
        compared.amount as expected_amount,
        cast(null as {{ amount_type() }}) as found_amount
    from compared
    left join statement_names
        on
            compared.account_id = statement_names.account_id
            and not compared.is_of_statement
            and compared.counted_on = statement_names.booking_date
            and compared.described_as = statement_names.described_as
            and statement_names.described_key
            = case compared.described_as
                when 'line' then compared.line_key
                else compared.entry_key
            end
            and statement_names.described_total
            = case compared.described_as
                when 'line' then compared.amount
                else compared.entry_total
            end
            and (
                compared.booking_date = statement_names.booking_date
                or compared.is_day_assumed
                or statement_names.is_day_assumed
            )
    where
        (
            compared.described_as in ('line', 'entry')
            or compared.counted_on <> compared.booking_date
        )
        and statement_names.described_key is null
),

entries as (
    select
        compared.account_id,
        compared.currency,
        compared.counted_on,
        compared.entry_key,
        compared.entry_total,
        sum(case when compared.is_of_statement then 1 else 0 end) as statement_rows,
        coalesce(
            sum(case when compared.is_of_statement then compared.amount end),
            sum(compared.amount)
        ) as amount,
        sum(case when compared.role = 'evidence' then {{ zero() }} else compared.amount end)
            as item_amount
    from compared
    where
        compared.described_as is distinct from 'copy'
        and (
            compared.is_of_statement
            or compared.role = 'item'
            or compared.described_as is distinct from 'line'
        )
    group by
        compared.account_id,
        compared.currency,
        compared.counted_on,
        compared.entry_key,
        compared.entry_total
    having sum(case when coalesce(compared.entry_status, 'BOOK') = 'BOOK' then 0 else 1 end) = 0
),

miscounted_entries as (
    select
        entries.account_id,
        entries.entry_key as entry,
        'the items of an entry are not its amount' as failure,
        entries.amount as expected_amount,
        entries.item_amount as found_amount
    from entries
    where
        entries.item_amount is distinct from entries.amount
        -- one detail of the entry landed, and the notification has them all
        and not (entries.statement_rows = 1 and entries.item_amount = entries.entry_total)
),

-- per day and amount: what each file tells, and what counts
told_by_file as (
    select
        statement_rows.batch_id,
        statement_rows.account_id,
        statement_rows.currency,
        statement_rows.booking_date,
        statement_rows.entry_total,
        sum(statement_rows.amount) as amount,
        max(case when statement_rows.described_as = 'copy' then 1 else 0 end) as has_copy
    from statement_rows
    group by
        statement_rows.batch_id,
        statement_rows.account_id,
        statement_rows.currency,
        statement_rows.booking_date,
        statement_rows.entry_total
),

counted_amounts as (
    select
        compared.account_id,
        compared.currency,
        compared.counted_on,
        compared.entry_total,
        sum(compared.amount) as amount
    from compared
    where compared.role = 'item'
    group by
        compared.account_id,
        compared.currency,
        compared.counted_on,
        compared.entry_total
),

lost_copies as (
    select
        told_by_file.account_id,
        told_by_file.batch_id as entry,
        'a file tells more of a day and amount than is counted' as failure,
        told_by_file.amount as expected_amount,
        counted_amounts.amount as found_amount
    from told_by_file
    left join counted_amounts
        on
            told_by_file.account_id = counted_amounts.account_id
            and told_by_file.currency = counted_amounts.currency
            and told_by_file.booking_date = counted_amounts.counted_on
            and told_by_file.entry_total = counted_amounts.entry_total
    where
        told_by_file.has_copy = 1
        and coalesce(abs(counted_amounts.amount) < abs(told_by_file.amount), true)
),

final as (
    select * from changed_rows
    union all
    select * from undescribed_rows
    union all
    select * from miscounted_entries
    union all
    select * from lost_copies
)

select * from final
