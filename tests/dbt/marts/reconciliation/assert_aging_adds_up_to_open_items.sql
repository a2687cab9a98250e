-- Invariant 1, for what is owed. Guards: what each customer owes in a currency and bucket adds up
-- to the open items of receivables, credit memos taken off, in the bucket of their own due dates,
-- and no open document is left out or counted in two buckets.
-- Breaks when: the buckets of the seed leave a gap or overlap, days overdue count from another
-- date, or a join on customer or currency loses those without one. In silence, the report that
-- people collect by would not add up to the books.
{{ config(meta={'dagster': {'ref': {'name': 'agg_aging'}}}) }}

with

aging as (select * from {{ ref('agg_aging') }}),

-- each document's amounts are those of its item (assert_invoices_show_what_their_items_hold)
open_documents as (
    select *
    from {{ ref('fct_invoices') }}
    where
        reconciliation_status not in ('draft', 'void', 'duplicate')
        and open_amount <> {{ zero() }}
),

buckets as (select * from {{ ref('aging_buckets') }}),

dated as (
    select
        open_documents.customer_id,
        open_documents.currency,
        case
            when
                open_documents.document_type = 'invoice'
                and open_documents.open_amount > {{ zero() }}
                then greatest(
                    {{ days_between(
                        'coalesce(open_documents.due_date, cast(open_documents.issued_at as date))',
                        as_of_date()
                    ) }},
                    0
                )
            else 0
        end as days_overdue,
        case when open_documents.document_type = 'credit_memo' then -1 else 1 end
        * open_documents.open_amount as open_amount
    from open_documents
),

held as (
    select
        dated.customer_id,
        dated.currency,
        buckets.bucket,
        count(*) as invoices,
        sum(dated.open_amount) as open_amount
    from dated
    left join buckets
        on
            dated.days_overdue >= buckets.first_day
            and dated.days_overdue <= coalesce(buckets.last_day, dated.days_overdue)
    group by dated.customer_id, dated.currency, buckets.bucket
),

shown_totals as (
    select
        aging.currency,
        sum(aging.invoices) as invoices,
        sum(aging.open_amount) as open_amount
    from aging
    group by aging.currency
),

held_totals as (
    select
        dated.currency,
        count(*) as invoices,
        sum(dated.open_amount) as open_amount
    from dated
    group by dated.currency
),

final as (
    select
        coalesce(aging.customer_id, held.customer_id) as customer_id,
        coalesce(aging.currency, held.currency) as currency,
        coalesce(aging.bucket, held.bucket) as bucket,
        aging.open_amount as shown_amount,
        held.open_amount as held_amount,
        'a bucket is not what is open in it' as failure
    from aging
    full outer join held
        on
            aging.customer_id is not distinct from held.customer_id
            and aging.currency is not distinct from held.currency
            and aging.bucket is not distinct from held.bucket
    where
        aging.open_amount is distinct from held.open_amount
        or (aging.invoices is distinct from held.invoices)
        or (aging.as_of_date is distinct from {{ as_of_date() }})
    union all
    -- also when a document falls in no bucket, or in two
    select
        cast(null as {{ dbt.type_string() }}) as customer_id,
        coalesce(shown_totals.currency, held_totals.currency) as currency,
        cast(null as {{ dbt.type_string() }}) as bucket,
        shown_totals.open_amount as shown_amount,
        held_totals.open_amount as held_amount,
        'the buckets of a currency do not add up to what is open' as failure
    from shown_totals
    full outer join held_totals
        on shown_totals.currency is not distinct from held_totals.currency
    where
        shown_totals.open_amount is distinct from held_totals.open_amount
        or (shown_totals.invoices is distinct from held_totals.invoices)
)

select * from final
