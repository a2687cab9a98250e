-- Gateway transactions with their buckets; payouts follow once negative buckets are carried over.

create table attempt as
select
    leg.pid,
    leg.case_id,
    leg.case_class,
    leg.part,
    leg.i,
    leg.n,
    leg.gateway,
    leg.amount,
    leg.currency,
    leg.digits,
    a,
    a = tries as is_last,
    -- evenings after issue_date's office hours, tries an hour apart
    cast(leg.day as timestamp) + to_seconds(68400 + draw('charge', leg.pid, 7000))
        + to_hours(cast(a - tries as integer)) as created_at,
    'pay_' || token('payment', leg.pid, 16) as payment_id,
    'ch_' || token('charge', leg.pid || '.' || a, 20) as tx_id,
    case
        when a < tries then 'failed'
        when leg.day = getvariable('end_date') and draw('pending', leg.pid, 2) = 0 then 'pending'
        else 'succeeded'
    end as status
from (
    select
        *,
        case when case_class = 'card_retry' then 2 + draw('tries', pid, 2) else 1 end as tries
    from leg
    where channel = 'card'
) as leg
cross join range(1, 4) as t (a)
where a <= tries;

create table gtx as
with charges as (
    select
        attempt.*,
        case
            when status <> 'succeeded' then 0
            when gateway = 'cardwave' then (amount * 14 + 500) // 1000 + 25
            else (amount * 11 + 500) // 1000 + 10
        end as fee
    from attempt
),
good as (
    select charges.*, paid.total from charges
    inner join paid on charges.i = paid.i
    where charges.status = 'succeeded' and charges.part = 1
),
undone as (
    select
        good.*,
        case
            when case_class = 'card_partial_refund'
                then greatest(1, amount * (10 + draw('part refund', i, 41)) // 100)
            else amount
        end as back
    from good
    where
        case_class in (
            'card_refund_memo', 'card_refund_no_memo', 'card_partial_refund',
            'card_chargeback', 'card_chargeback_reversed'
        )
)
select
    gateway, tx_id, 'charge' as type, status, payment_id, n, i, pid, case_id, case_class, part,
    amount, fee, currency, digits, created_at, cast(null as varchar) as related_tx
from charges
union all
select
    gateway, 're_' || token('refund', pid, 20), 'refund', 'succeeded', payment_id, n, i, pid,
    case_id, case_class, part, -back, 0, currency, digits,
    created_at + to_days(cast(2 + draw('refund', pid, 6) as integer)), tx_id
from undone
where case_class like '%refund%'
union all
select
    gateway, 'dp_' || token('dispute', pid, 20), 'chargeback', 'succeeded', payment_id, n, i, pid,
    case_id, case_class, part, -back, 0, currency, digits,
    created_at + to_days(cast(4 + draw('dispute', pid, 5) as integer)), tx_id
from undone
where case_class like '%chargeback%'
union all
select
    gateway, 'fee_' || token('dispute', pid, 20), 'fee', 'succeeded', null, n, null, pid,
    null, null, part, -1500, 0, currency, digits,
    created_at + to_days(cast(4 + draw('dispute', pid, 5) as integer)),
    'dp_' || token('dispute', pid, 20)
from undone
where case_class like '%chargeback%'
union all
select
    gateway, 'dr_' || token('dispute', pid, 20), 'chargeback_reversal', 'succeeded', payment_id,
    n, i, pid, case_id, case_class, part, back, 0, currency, digits,
    created_at + to_days(cast(12 + draw('dispute', pid, 5) as integer)),
    'dp_' || token('dispute', pid, 20)
from undone
where case_class = 'card_chargeback_reversed'
union all
-- the platform's monthly fee
select
    gateway, 'fee_' || token('platform', gateway || m, 20), 'fee', 'succeeded', null, null, null,
    null, null, null, 1, -4900, 0, 'EUR', 2,
    cast(getvariable('start_date') + to_months(cast(m as integer)) as timestamp) + to_hours(3),
    null
from range(getvariable('months')) as t (m)
cross join (select distinct gateway from customer) as gateways
union all
-- a reserve that is taken and partly given back in one payout
select
    'cardwave', 'adj_' || token('adjustment', m || '.' || k, 20), 'adjustment', 'succeeded', null,
    null, null, null, null, null, 1, case k when 0 then -5000 else 3000 end, 0, 'EUR', 2,
    cast(getvariable('start_date') + to_months(cast(m as integer)) as timestamp) + to_days(9)
        + to_hours(cast(4 + k as integer)),
    null
from range(getvariable('months')) as t (m)
cross join range(2) as u (k)
where m % 2 = 1;

alter table gtx add column payout_bucket date;
delete from gtx where created_at >= getvariable('end_date') + interval 1 day;
update gtx set payout_bucket = case gateway
    when 'cardwave' then business_day(cast(created_at as date) + 2)
    -- the Tuesday on or after
    else cast(
        cast(created_at as date) + 2
        + cast((9 - isodow(cast(created_at as date) + 2)) % 7 as integer) as date
    )
end
where status = 'succeeded';

-- A correction takes more than came in for a payout: the gateway takes the balance from the bank.
create table taken_bucket as
select
    gateway, currency, payout_bucket, min(digits) as digits, max(created_at) as created_at,
    cast(sum(amount - fee) as bigint) as net
from gtx
where payout_bucket <= getvariable('end_date') - 25
group by gateway, currency, payout_bucket
having net > 0
order by draw('taken', gateway || currency || payout_bucket, 1000000000), gateway, currency,
    payout_bucket
limit getvariable('payout_faults');
insert into gtx (
    gateway, tx_id, type, status, part, amount, fee, currency, digits, created_at, payout_bucket
)
select
    gateway, 'adj_' || token('taken', gateway || currency || payout_bucket, 20), 'adjustment',
    'succeeded', 1, -(net + 2345), 0, currency, digits, created_at, payout_bucket
from taken_bucket;
