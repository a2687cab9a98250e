-- Every line that a landed file books, as often as files tell it: what was known already is in it
-- too. Files are read statement by statement, in the order of runs, periods and hashes, so that the
-- order of files in a run never matters. Notifications book nothing.
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
        versions._batch_id as batch_id,
        versions._row_number as row_number,
        versions._run_sequence as run_sequence,
        versions._row_hash as row_hash
    from versions
    union all
    select
        redelivered.batch_id,
        redelivered.row_number,
        redelivered.run_sequence,
        redelivered.row_hash
    from redelivered
),

lines as (
    select
        told.batch_id,
        told.row_number,
        told.run_sequence,
        -- every table is of one format
        case
            when batches.format like 'camt%' then 'camt'
            when batches.format like 'mt9%' then 'mt940'
            when batches.format like 'ofx%' then 'ofx'
            when batches.format like 'bai2%' then 'bai2'
            else 'table'
        end as format_family,
        versions.account_id,
        versions.currency,
        versions.booking_date,
        versions.amount,
        coalesce(versions.statement_id, '') as statement_name,
        coalesce(versions.entry_amount, versions.amount) as entry_total,
        {{ item_id(['versions.account_id', 'versions.entry_id']) }} as item_id,
        -- a line that is a whole entry is one, whatever reference it shares with others
        case
            when coalesce(versions.entry_amount, versions.amount) = versions.amount
                then cast(told.row_number as {{ dbt.type_string() }})
            else coalesce(
                'of ' || versions.entry_reference,
                'of ' || versions.bank_reference,
                'of ' || versions.entry_id
            )
        end as entry_name,
        case
            when versions.entry_source is null then versions.entry_id
            -- the number of an entry in its statement is no reference of the entry itself
            when
                substr(
                    versions.bank_reference, 1, length(coalesce(versions.statement_id, '')) + 1
                ) = coalesce(versions.statement_id, '') || ':'
                then null
            else versions.bank_reference
        end as own_reference,
        concat_ws(
            ' ',
            versions.counterparty_name,
            versions.counterparty_account,
            versions.remittance_information,
            versions.end_to_end_id
        ) as wording
    from told
    inner join versions
        on told.row_hash = versions._row_hash
    left join batches
        on told.batch_id = batches.batch_id
    where
        coalesce(versions.entry_source, 'statement') = 'statement'
        and coalesce(versions.entry_status, 'BOOK') = 'BOOK'
        and versions.booking_date <= {{ as_of_date() }}
),

deliveries as (
    select
        lines.batch_id,
        lines.statement_name,
        lines.account_id,
        lines.currency,
        max(statements.opening_balance) as opening_balance,
        row_number() over (
            partition by lines.account_id, lines.currency
            order by
                min(lines.run_sequence) asc nulls last,
                coalesce(min(statements.from_date), min(lines.booking_date)) asc nulls last,
                coalesce(max(statements.to_date), max(lines.booking_date)) asc nulls last,
                lines.batch_id asc nulls last,
                lines.statement_name asc nulls last
        ) as delivery_number
    from lines
    left join statements
        on
            lines.batch_id = statements.batch_id
            and lines.account_id = statements.account_id
            and lines.statement_name = statements.statement_name
            and lines.currency = statements.currency
    group by
        lines.batch_id,
        lines.statement_name,
        lines.account_id,
        lines.currency
),

final as (
    select
        lines.account_id,
        lines.currency,
        lines.booking_date,
        lines.entry_total,
        deliveries.delivery_number,
        lines.entry_name,
        lines.batch_id,
        lines.row_number,
        lines.format_family,
        lines.amount,
        lines.item_id,
        lines.own_reference,
        lines.wording,
        deliveries.opening_balance
    from lines
    inner join deliveries
        on
            lines.batch_id = deliveries.batch_id
            and lines.statement_name = deliveries.statement_name
            and lines.account_id = deliveries.account_id
            and lines.currency = deliveries.currency
)

select * from final
