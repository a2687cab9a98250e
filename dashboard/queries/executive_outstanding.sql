-- What is owed, by age and currency: rows of the level `cell` (bucket and currency), `bucket`,
-- `currency` and `total`. Every level adds up to the next in the reporting currency, to the cent.
with documents as (
    select
        fct_open_documents.*,
        case when fct_open_documents.days_overdue > 0 then 1 else 0 end as is_overdue
    from marts.fct_open_documents
),

grouped as (
    select
        case grouping(documents.bucket, documents.currency)
            when 0 then 'cell'
            when 1 then 'bucket'
            when 2 then 'currency'
            else 'total'
        end as level,
        documents.bucket,
        documents.currency,
        min(documents.bucket_position) as position,
        max(documents.reporting_currency) as reporting_currency,
        count(*) as documents,
        count(*) filter (documents.base_amount is null) as unvalued,
        sum(documents.open_amount) as open_amount,
        coalesce(sum(documents.base_amount), 0) as base_amount,
        coalesce(sum(documents.base_amount) filter (documents.is_overdue = 1), 0) as base_overdue
    from documents
    group by grouping sets (
        (documents.bucket, documents.currency), (documents.bucket), (documents.currency), ()
    )
)

select
    grouped.level,
    grouped.bucket,
    grouped.currency,
    grouped.position,
    grouped.reporting_currency,
    grouped.documents,
    grouped.unvalued,
    case when grouped.currency is not null then grouped.open_amount end as open_amount,
    grouped.base_amount,
    grouped.base_overdue
from grouped
where grouped.documents > 0
order by grouped.level, grouped.position, grouped.base_amount desc, grouped.currency
