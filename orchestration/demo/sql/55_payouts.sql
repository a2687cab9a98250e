-- Payouts: bucket_map says which payout date each bucket ended up in (null = not paid out yet).
create table payout as
select
    gtx.gateway,
    gtx.currency,
    min(gtx.digits) as digits,
    bucket_map.payout_date,
    'po_' || token('payout', gtx.gateway || gtx.currency || bucket_map.payout_date, 20)
        as payout_id,
    case gtx.gateway when 'cardwave' then 'CW' else 'PH' end || gtx.currency
        || strftime(bucket_map.payout_date, '%y%m%d') as bank_reference,
    cast(sum(gtx.amount - gtx.fee) as bigint) as net,
    business_day(bucket_map.payout_date + 1) as arrival_date,
    cast(null as varchar) as fault
from gtx
inner join bucket_map
    on
        gtx.gateway = bucket_map.gateway
        and gtx.currency = bucket_map.currency
        and gtx.payout_bucket = bucket_map.bucket_date
where bucket_map.payout_date <= getvariable('end_date')
group by gtx.gateway, gtx.currency, bucket_map.payout_date;

update payout set fault = chosen.fault
from (
    select
        payout_id,
        case (row_number() over (order by draw('payout fault', payout_id, 1000000000)) - 1)
            // getvariable('payout_faults')
            when 0 then 'payout_missing_in_bank'
            when 1 then 'payout_wrong_sum'
            when 2 then 'payout_short_in_bank'
            when 3 then 'payout_failed'
            when 4 then 'payout_unreferenced'
        end as fault
    from payout
    where net > 5000 and arrival_date <= getvariable('end_date') - 21
) as chosen
where payout.payout_id = chosen.payout_id;

alter table payout add column amount bigint;
alter table payout add column bank_amount bigint;
update payout set
    amount = case when fault = 'payout_wrong_sum' then net - 1234 else net end,
    bank_amount = case fault
        when 'payout_wrong_sum' then net - 1234
        when 'payout_short_in_bank' then net - 1000
        else net
    end;
