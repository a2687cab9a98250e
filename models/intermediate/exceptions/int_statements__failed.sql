-- Bank statements whose own totals do not agree, each named by its last line that is listed as an
-- item, and those before which another is missing, named by the first; else by the account's last
-- one. A statement delivered again counts by its latest file.
with

statements as (select * from {{ ref('stg_tieout__statements') }}),

missing as (select * from {{ ref('int_statements__missing') }}),

batches as (
    select *
    from {{ ref('stg_tieout__batches') }}
    where feed = 'bank_statements'
),

transactions as (
    select
        transactions.account_id,
        transactions.statement_id,
        transactions.booking_date,
        transactions.entry_id,
        transactions.currency,
        transactions._batch_id as batch_id,
        transactions._row_number as row_number,
        booked.item_id
    from {{ ref('stg_bank__transactions') }} as transactions
    inner join {{ ref('int_bank_transactions__booked') }} as booked
        on
            transactions.account_id = booked.account_id
            and transactions.entry_id = booked.entry_id
    -- only what is listed can carry an exception: a split entry and a later day cannot
    where
        booked.role = 'item'
        and booked.is_booked
        and booked.booking_date <= {{ as_of_date() }}
),

latest_statements as (
    select
        statements.batch_id,
        statements.account_id,
        statements.statement_id,
        statements.currency,
        statements.opening_balance,
        statements.entries_total,
        statements.closing_balance,
        statements.control_total_ok
    from statements
    left join batches
        on statements.batch_id = batches.batch_id
    qualify row_number() over (
        partition by
            statements.account_id,
            coalesce(statements.statement_id, statements.batch_id),
            statements.currency,
            statements.from_date
        order by
            batches.run_sequence desc nulls last,
            case when statements.control_total_ok then 0 else 1 end asc nulls last,
            statements.batch_id asc nulls last
    ) = 1
),

failed as (
    select
        'statement_does_not_add_up' as condition,
        latest_statements.batch_id,
        latest_statements.account_id,
        latest_statements.statement_id,
        latest_statements.currency,
        latest_statements.closing_balance
        - latest_statements.opening_balance
        - latest_statements.entries_total as difference_amount,
        cast(null as date) as missing_from_date,
        cast(null as date) as missing_to_date
    from latest_statements
    where not latest_statements.control_total_ok
    union all
    select
        'statement_before_is_missing' as condition,
        missing.batch_id,
        missing.account_id,
        missing.statement_id,
        missing.currency,
        missing.missing_amount as difference_amount,
        missing.missing_from_date,
        missing.missing_to_date
    from missing
),

account_lines as (
    select
        failed.condition,
        failed.batch_id,
        failed.account_id,
        failed.statement_id,
        failed.currency,
        failed.difference_amount,
        failed.missing_from_date,
        failed.missing_to_date,
        transactions.batch_id as line_batch_id,
        transactions.statement_id as line_statement_id,
        transactions.booking_date,
        transactions.row_number,
        transactions.entry_id,
        case
            when coalesce(failed.currency, transactions.currency) = transactions.currency
                then transactions.item_id
        end as item_id
    from failed
    left join transactions
        on failed.account_id = transactions.account_id
),

statement_lines as (
    select
        account_lines.*,
        row_number() over (
            partition by
                account_lines.condition,
                account_lines.account_id,
                account_lines.statement_id,
                account_lines.batch_id,
                account_lines.currency
            order by
                case when account_lines.item_id is null then 1 else 0 end asc nulls last,
                case
                    when account_lines.statement_id = account_lines.line_statement_id then 0
                    when
                        account_lines.statement_id is null
                        and account_lines.batch_id = account_lines.line_batch_id
                        then 0
                    else 1
                end asc nulls last,
                case
                    when account_lines.condition = 'statement_before_is_missing'
                        then account_lines.booking_date
                end asc nulls last,
                case
                    when account_lines.condition = 'statement_before_is_missing'
                        then account_lines.row_number
                end asc nulls last,
                account_lines.booking_date desc nulls last,
                account_lines.row_number desc nulls last,
                account_lines.entry_id desc nulls last
        ) as line_rank
    from account_lines
),

-- where the account has no line at all the statement keeps its row: an alert shows it
final as (
    select
        statement_lines.condition,
        statement_lines.batch_id,
        statement_lines.account_id,
        statement_lines.statement_id,
        statement_lines.currency,
        statement_lines.difference_amount,
        statement_lines.missing_from_date,
        statement_lines.missing_to_date,
        statement_lines.item_id
    from statement_lines
    where statement_lines.line_rank = 1
)

select * from final
