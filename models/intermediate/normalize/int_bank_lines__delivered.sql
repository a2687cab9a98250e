-- Every line of the days of which several files tell an entry of one amount, as often as they tell
-- it: what was known already is in it too. Files are read statement by statement, in the order of
-- runs, periods and hashes, so that the order of files in a run never matters. Notifications book
-- nothing. With what a statement opens and what it books, it has a balance before and after each
-- day; a day whose entries come to zero has none, but where the statement goes on on both sides of
-- the day and so has it whole.
with

versions as (select * from {{ ref('stg_bank__transaction_versions') }}),

redelivered as (select * from {{ ref('stg_tieout__redelivered') }}),

batches as (
    select *
    from {{ ref('stg_tieout__batches') }}
    where feed in ('bank_statements', 'bank_transactions')
),

-- two statements of one name in one file are one reading, of which no balance is known
statements as (
    select
        statements.batch_id,
        statements.account_id,
        coalesce(statements.statement_id, '') as statement_name,
        statements.currency,
        min(statements.from_date) as from_date,
        max(statements.to_date) as to_date,
        case
            when count(*) = 1
                then max(
                    coalesce(
                        statements.opening_balance,
                        statements.closing_balance - statements.entries_total
                    )
                )
        end as opening_balance
    from {{ ref('stg_tieout__statements') }} as statements
    group by
        statements.batch_id,
        statements.account_id,
        coalesce(statements.statement_id, ''),
        statements.currency
),

told as (
    select
        versions.*,
        versions._batch_id as batch_id,
        versions._row_number as row_number,
        versions._run_sequence as run_sequence
    from versions
    union all
    select
        versions.*,
        redelivered.batch_id,
        redelivered.row_number,
        redelivered.run_sequence
    from redelivered
    inner join versions
        on redelivered.row_hash = versions._row_hash
),

lines as (
    select
        told.*,
        coalesce(told.statement_id, '') as statement_name,
        coalesce(told.entry_amount, told.amount) as entry_total
    from told
    where
        coalesce(told.entry_source, 'statement') = 'statement'
        and coalesce(told.entry_status, 'BOOK') = 'BOOK'
        and told.booking_date <= {{ as_of_date() }}
),

contested_days as (
    select distinct
        counted.account_id,
        counted.currency,
        counted.booking_date
    from (
        select
            lines.account_id,
            lines.currency,
            lines.booking_date
        from lines
        group by
            lines.account_id,
            lines.currency,
            lines.booking_date,
            lines.entry_total
        having
            min(lines.batch_id) < max(lines.batch_id)
            or min(lines.statement_name) < max(lines.statement_name)
    ) as counted
),

contested_accounts as (
    select distinct
        contested_days.account_id,
        contested_days.currency
    from contested_days
),

daily as (
    select
        lines.batch_id,
        lines.statement_name,
        lines.account_id,
        lines.currency,
        lines.booking_date,
        sum(lines.amount) as booked_amount,
        min(lines.run_sequence) as run_sequence
    from lines
    inner join contested_accounts
        on
            lines.account_id = contested_accounts.account_id
            and lines.currency = contested_accounts.currency
    group by
        lines.batch_id,
        lines.statement_name,
        lines.account_id,
        lines.currency,
        lines.booking_date
),

deliveries as (
    select
        daily.batch_id,
        daily.statement_name,
        daily.account_id,
        daily.currency,
        min(daily.booking_date) as first_date,
        max(daily.booking_date) as last_date,
        max(statements.opening_balance) as opening_balance,
        row_number() over (
            partition by daily.account_id, daily.currency
            order by
                min(daily.run_sequence) asc nulls last,
                coalesce(min(statements.from_date), min(daily.booking_date)) asc nulls last,
                coalesce(max(statements.to_date), max(daily.booking_date)) asc nulls last,
                daily.batch_id asc nulls last,
                daily.statement_name asc nulls last
        ) as delivery_number
    from daily
    left join statements
        on
            daily.batch_id = statements.batch_id
            and daily.account_id = statements.account_id
            and daily.statement_name = statements.statement_name
            and daily.currency = statements.currency
    group by
        daily.batch_id,
        daily.statement_name,
        daily.account_id,
        daily.currency
),

balances as (
    select
        daily.batch_id,
        daily.statement_name,
        daily.account_id,
        daily.currency,
        daily.booking_date,
        deliveries.delivery_number,
        deliveries.opening_balance,
        daily.booked_amount,
        deliveries.opening_balance + sum(daily.booked_amount) over (
            partition by daily.account_id, daily.currency, deliveries.delivery_number
            order by daily.booking_date nulls last
            rows between unbounded preceding and current row
        ) as closes_with,
        daily.booked_amount <> 0
        or (
            daily.booking_date > deliveries.first_date
            and daily.booking_date < deliveries.last_date
        ) as is_telling
    from daily
    inner join deliveries
        on
            daily.batch_id = deliveries.batch_id
            and daily.statement_name = deliveries.statement_name
            and daily.account_id = deliveries.account_id
            and daily.currency = deliveries.currency
),

final as (
    select
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.entry_total,
        balances.delivery_number,
        -- a line that is a whole entry is one, whatever reference it shares with others
        case
            when lines.entry_total = lines.amount
                then cast(lines.row_number as {{ dbt.type_string() }})
            else coalesce(
                'of ' || lines.entry_reference,
                'of ' || lines.bank_reference,
                'of ' || lines.entry_id
            )
        end as entry_name,
        lines.batch_id,
        lines.row_number,
        -- every table is of one format
        case
            when batches.format like 'camt%' then 'camt'
            when batches.format like 'mt9%' then 'mt940'
            when batches.format like 'ofx%' then 'ofx'
            when batches.format like 'bai2%' then 'bai2'
            else 'table'
        end as format_family,
        lines.amount,
        {{ item_id(['lines.account_id', 'lines.entry_id']) }} as item_id,
        case
            when lines.entry_source is null then lines.entry_id
            -- the number of an entry in its statement is no reference of the entry itself
            when
                substr(lines.bank_reference, 1, length(lines.statement_name) + 1)
                = lines.statement_name || ':'
                then null
            else lines.bank_reference
        end as own_reference,
        concat_ws(
            ' ',
            lines.counterparty_name,
            lines.counterparty_account,
            lines.remittance_information,
            lines.end_to_end_id
        ) as wording,
        balances.opening_balance,
        case
            when balances.is_telling
                then cast(balances.closes_with - balances.booked_amount as {{ amount_type() }})
        end as day_opens_with,
        case when balances.is_telling then cast(balances.closes_with as {{ amount_type() }}) end
            as day_closes_with
    from contested_days
    inner join lines
        on
            contested_days.account_id = lines.account_id
            and contested_days.currency = lines.currency
            and contested_days.booking_date = lines.booking_date
    inner join balances
        on
            lines.batch_id = balances.batch_id
            and lines.statement_name = balances.statement_name
            and lines.account_id = balances.account_id
            and lines.currency = balances.currency
            and lines.booking_date = balances.booking_date
    left join batches
        on lines.batch_id = batches.batch_id
)

select * from final
