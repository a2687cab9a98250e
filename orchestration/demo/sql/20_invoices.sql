-- The invoices, before anything happens to them. Amounts are minor units (BIGINT).

create table planned as
with subscriptions as (
    select
        customer.n,
        'subscription' as kind,
        cast(
            getvariable('start_date') + to_months(cast(m as integer))
            + to_days(cast(draw('anchor', customer.n, 28) as integer)) as date
        ) as issue_date,
        -- yen and dinar prices have their own scale
        case customer.currency
            when 'JPY' then customer.plan_price * 150
            when 'BHD' then customer.plan_price * 400
            else customer.plan_price * 100
        end as net_or_gross
    from customer
    cross join range(getvariable('months')) as t (m)
    where customer.plan_price is not null
),
kept as (
    select * from subscriptions where issue_date <= getvariable('end_date')
),
singles as (
    select
        i,
        -- half of the work is spread evenly, half leans on the large customers
        1 + case
            when draw('spread', i, 2) = 0 then draw('customer', i, getvariable('customers'))
            else
                getvariable('customers')
                * (draw('lean', i, 1000000) * draw('lean', i, 1000000) // 1000000) // 1000000
        end as n,
        getvariable('start_date') + cast(draw('day', i, getvariable('days')) as integer) as day,
        draw('bucket', i, 100) as bucket,
        draw('amount', i, 1000000007) as amount_draw
    from range(
        1, getvariable('invoices') - (select count(*) from kept) + 1
    ) as t (i)
)
select
    row_number() over (order by n, kind, issue_date, tie) as i,
    *
from (
    select n, kind, issue_date, net_or_gross as base, 0 as tie from kept
    union all
    select
        n,
        'single' as kind,
        cast(case
            when business_day(day) > getvariable('end_date') then getvariable('end_date')
            else business_day(day)
        end as date) as issue_date,
        case
            when bucket < 8 then (amount_draw % 40 + 1) * 25000
            when bucket < 28 then 2000 + amount_draw % 8000
            when bucket < 70 then 10000 + amount_draw % 90000
            when bucket < 95 then 100000 + amount_draw % 900000
            else 1000000 + amount_draw % 5000000
        end as base,
        i as tie
    from singles
);

create table inv as
with priced as (
    select
        planned.i,
        planned.n,
        planned.kind,
        planned.issue_date,
        cast(planned.issue_date as timestamp)
            + to_seconds(21600 + draw('second', planned.i, 43200)) as issued_at,
        customer.currency,
        customer.digits,
        case
            when planned.kind = 'subscription' then planned.base
            when customer.currency = 'JPY' then planned.base * 3 // 2
            when customer.currency = 'BHD' then planned.base * 4
            else planned.base
        end as total,
        customer.country,
        customer.channel,
        customer.habit,
        customer.gateway,
        customer.account_code,
        case when customer.channel = 'card' then 14 else customer.term_days end as term_days,
        customer.uses_orders,
        customer.parent_n,
        customer.unlisted
    from planned
    inner join customer on planned.n = customer.n
),
dated as (
    select
        priced.*,
        cast(issue_date + cast(term_days as integer) as date) as due_date,
        case
            when channel = 'card' then issue_date + cast(draw('pay', i, 4) as integer)
            else greatest(
                issue_date + 1,
                issue_date + cast(term_days as integer) + cast(case habit
                    when 'early' then -2 - draw('pay', i, 9)
                    when 'on_time' then draw('pay', i, 5) - 3
                    else 3 + draw('pay', i, 23)
                end as integer)
            )
        end as raw_pay_date
    from priced
)
select
    dated.*,
    case
        when channel = 'card' then cast(raw_pay_date as date) else business_day(raw_pay_date)
    end as pay_date,
    'in_' || mixed_token('invoice', i, 16) as invoice_id,
    format(
        'INV-{}-{:06d}',
        year(issue_date),
        row_number() over (partition by year(issue_date) order by issued_at, i)
    ) as invoice_number,
    'key-' || token('idempotency', i, 20) as idempotency_key,
    case when country in ('DE', 'AT') then total - total * 100 // 119 else 0 end as tax,
    case
        when uses_orders then 'PO-' || cast(4500000000 + draw('order', i, 90000000) as varchar)
    end as purchase_order_number,
    'open' as status,
    'net ' || cast(term_days as varchar) as payment_terms,
    cast(null as varchar) as withholding_rate,
    cast(null as varchar) as fate,
    cast(null as bigint) as group_id
from dated;
