with

invoices as (
    select *
    from {{ ref('fct_invoices') }}
    where
        reconciliation_status not in ('draft', 'void', 'duplicate')
        and open_amount <> {{ zero() }}
),

aging_buckets as (select * from {{ ref('aging_buckets') }}),

final as (
    select
        {{ as_of_date() }} as as_of_date,
        invoices.customer_id,
        aging_buckets.bucket,
        invoices.currency,
        cast(
            sum(
                case when invoices.document_type = 'credit_memo' then -1 else 1 end
                * invoices.open_amount
            ) as {{ amount_type() }}
        ) as open_amount,
        count(*) as invoices
    from invoices
    inner join aging_buckets
        on
            invoices.days_overdue >= aging_buckets.first_day
            and invoices.days_overdue <= coalesce(aging_buckets.last_day, invoices.days_overdue)
    group by invoices.customer_id, aging_buckets.bucket, invoices.currency
)

select * from final
