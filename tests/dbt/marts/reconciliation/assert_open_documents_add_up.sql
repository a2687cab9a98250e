-- Guards: what is owed, document by document, is the headline: in every currency and, of those that
-- a rate is known for, in the reporting currency, also of what is overdue. There a last digit is
-- rounded in another order, so that a unit may differ.
-- Breaks when: a table beside a headline shows other money than the headline.
{{ config(meta={'dagster': {'ref': {'name': 'fct_open_documents'}}}) }}

with documents as (
    select
        currency,
        sum(open_amount) as open_amount,
        sum(case when days_overdue > 0 then open_amount else {{ zero() }} end) as overdue
    from {{ ref('fct_open_documents') }}
    group by currency
),

in_all as (
    select
        coalesce(sum(base_amount), 0) as open_amount,
        coalesce(sum(case when days_overdue > 0 then base_amount end), 0) as overdue
    from {{ ref('fct_open_documents') }}
),

latest as (
    select *
    from {{ ref('agg_executive_daily') }}
    where as_of_date = {{ as_of_date() }}
)

select
    receivables.currency,
    receivables.open as expected_open,
    documents.open_amount,
    receivables.overdue as expected_overdue,
    documents.overdue
from {{ ref('agg_receivables') }} as receivables
left join documents
    on receivables.currency = documents.currency
where
    receivables.open <> coalesce(documents.open_amount, 0)
    or receivables.overdue <> coalesce(documents.overdue, 0)
union all
select
    'in all' as currency,
    latest.open as expected_open,
    in_all.open_amount,
    latest.overdue as expected_overdue,
    in_all.overdue
from latest
cross join in_all
where
    abs(latest.open - in_all.open_amount) > 1
    or abs(latest.overdue - in_all.overdue) > 1
