-- What is owed, document by document, in its own currency and in the reporting currency. Amounts in
-- the reporting currency are rounded as they add up, what is overdue first: any group of them is
-- their sum to the minor unit, and all are what agg_executive_daily calls open and overdue.
with

invoices as (
    select
        invoices.*,
        case when invoices.document_type = 'credit_memo' then -1 else 1 end as direction
    from {{ ref('fct_invoices') }} as invoices
    where
        invoices.reconciliation_status not in ('draft', 'void', 'duplicate')
        and invoices.open_amount <> {{ zero() }}
),

aging_buckets as (select * from {{ ref('aging_buckets') }}),

fx_rates as (select * from {{ ref('fct_fx_rates') }}),

reporting as (
    select
        run_context.reporting_currency,
        currencies.minor_digits
    from {{ ref('stg_tieout__run_context') }} as run_context
    left join {{ ref('currencies') }} as currencies
        on run_context.reporting_currency = currencies.code
),

valued as (
    select
        invoices.document_type,
        invoices.invoice_id,
        invoices.invoice_number,
        invoices.customer_id,
        cast(invoices.issued_at as date) as issued_on,
        invoices.due_date,
        invoices.days_overdue,
        aging_buckets.bucket,
        aging_buckets.position as bucket_position,
        invoices.currency,
        invoices.direction * invoices.open_amount as open_amount,
        reporting.reporting_currency,
        reporting.minor_digits,
        case
            when invoices.currency = reporting.reporting_currency
                then {{ as_amount('invoices.direction * invoices.open_amount') }}
            else {{ as_amount('invoices.direction * invoices.open_amount * fx_rates.rate') }}
        end as exact_amount
    from invoices
    cross join reporting
    inner join aging_buckets
        on
            invoices.days_overdue >= aging_buckets.first_day
            and invoices.days_overdue <= coalesce(aging_buckets.last_day, invoices.days_overdue)
    left join fx_rates
        on
            invoices.currency = fx_rates.currency
            and cast(invoices.issued_at as date) = fx_rates.rate_date
),

running as (
    select
        valued.*,
        sum(valued.exact_amount) over (
            order by
                valued.bucket_position desc nulls last,
                valued.currency asc nulls last,
                valued.invoice_id asc nulls last
            rows between unbounded preceding and current row
        ) as amount_up_to_here
    from valued
),

rounded as (
    select
        running.*,
        {{ round_amount('coalesce(running.amount_up_to_here, 0)', 'running.minor_digits') }}
            as rounded_up_to_here
    from running
),

compared as (
    select
        rounded.*,
        lag(rounded.rounded_up_to_here) over (
            order by
                rounded.bucket_position desc nulls last,
                rounded.currency asc nulls last,
                rounded.invoice_id asc nulls last
        ) as rounded_before
    from rounded
),

final as (
    select
        compared.document_type,
        compared.invoice_id,
        compared.invoice_number,
        compared.customer_id,
        compared.issued_on,
        compared.due_date,
        compared.days_overdue,
        compared.bucket,
        compared.bucket_position,
        compared.currency,
        {{ as_amount('compared.open_amount') }} as open_amount,
        compared.reporting_currency,
        {{ as_amount(
            'case when compared.exact_amount is not null '
            'then compared.rounded_up_to_here - coalesce(compared.rounded_before, 0) end'
        ) }} as base_amount
    from compared
)

select * from final
