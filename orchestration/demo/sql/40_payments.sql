-- What customers pay: a leg is one payment, leg_item says which invoices it truly pays.
-- Reads inv.fate (null = an ordinary payment).

-- how an ordinary payment quotes its invoice
create table ordinary as
select
    i,
    case
        when channel = 'card' then case
            when draw('quote', i, 1000) < 30 then 'card_missing_reference'
            when draw('quote', i, 1000) < 60 then 'card_invoice_id'
            when draw('quote', i, 1000) < 130 then 'card_dirty_reference'
            when draw('quote', i, 1000) < 170 then 'card_retry'
            else 'card_reference'
        end
        else case
            when parent_n is not null and draw('parent pays', i, 2) = 0 then 'parent_payer'
            when kind = 'single' and draw('quote', i, 1000) < 120 then 'transfer_missing_reference'
            when kind = 'subscription' and draw('quote', i, 1000) < 30
                then 'transfer_missing_reference'
            when draw('quote', i, 1000) < 340 then 'transfer_dirty_reference'
            when draw('quote', i, 1000) < 400 and account_code = 'E' then 'transfer_structured'
            when draw('quote', i, 1000) < 415 then 'transfer_advice'
            when draw('quote', i, 1000) < 422 then 'transfer_split_reference'
            when draw('quote', i, 1000) < 432 then 'transfer_invoice_id'
            else 'transfer_reference'
        end
    end as case_class
from inv
where fate is null and status = 'open';

create table paid as
select
    inv.*,
    coalesce(inv.fate, ordinary.case_class) as case_class
from inv
left join ordinary on inv.i = ordinary.i
where
    inv.status = 'open'
    and coalesce(inv.fate, '') not in ('credit_full', 'unpaid');

create table leg as
with dated as (
    select
        *,
        case case_class when 'short_discount' then business_day(issue_date + 7) else pay_date end
            as day
    from paid
    where case_class not like 'lump%'
),
parts as (
    select
        dated.*,
        case case_class
            when 'instalments' then 2 + draw('parts', i, 2)
            when 'instalment_missing' then 2
            when 'double_payment' then 2
            when 'card_double_payment' then 2
            else 1
        end as part_count
    from dated
),
split as (
    select
        parts.*,
        p as part,
        cast(day + cast((p - 1) * 4 as integer) as date) as part_day,
        case
            when case_class in ('instalments', 'instalment_missing') then case
                when p < part_count then total // part_count
                else total - (part_count - 1) * (total // part_count)
            end
            else total
        end as share
    from parts
    cross join range(1, 4) as t (p)
    where p <= part_count and not (case_class = 'instalment_missing' and p = 2)
)
select
    i * 10 + part as pid,
    n,
    i,
    channel,
    case when channel = 'card' then part_day else business_day(part_day) end as day,
    part,
    part_count,
    case_class,
    share as due,
    case case_class
        when 'overpayment' then total + greatest(1, total * (1 + draw('over', i, 9)) // 100)
        when 'short_discount' then total - (total * 2 + 50) // 100
        when 'short_withholding' then total - (total * 10 + 50) // 100
        when 'short_charges' then total - 500 - draw('charges', i, 11) * 100
        when 'short_rounding' then total - 1 - draw('rounding', i, 3)
        else share
    end as amount,
    currency,
    digits,
    account_code,
    gateway,
    coalesce(group_id, i) as case_id
from split
union all
select
    group_id * 10 - 1 as pid,
    n,
    min(i) as i,
    'transfer' as channel,
    business_day(max(pay_date)) as day,
    1 as part,
    1 as part_count,
    case_class,
    sum(total) as due,
    sum(total) as amount,
    min(currency) as currency,
    min(digits) as digits,
    min(account_code) as account_code,
    min(gateway) as gateway,
    group_id as case_id
from paid
where case_class like 'lump%'
group by group_id, n, case_class;

-- a partial credit memo is taken off before paying
update leg set amount = leg.amount - memo.amount, due = leg.due - memo.amount
from (
    select i, greatest(1, total * (10 + draw('memo', i, 21)) // 100) as amount
    from inv where fate in ('credit_partial', 'credit_loose')
) as memo
where leg.i = memo.i and leg.case_class in ('credit_partial', 'credit_loose');

-- what was not paid before the end of the history has not happened
delete from leg where day > getvariable('end_date');

-- which invoices a leg pays: null amounts of second payments pay nothing
create table leg_item as
select pid, i, case when case_class = 'overpayment' then due else least(due, amount) end as amount
from leg
where
    case_class not like 'lump%'
    -- the bank took it back
    and case_class <> 'returned_receipt'
    and not (case_class in ('double_payment', 'card_double_payment') and part = 2)
union all
select leg.pid, inv.i, inv.total as amount
from leg
inner join inv on leg.case_id = inv.group_id
where leg.case_class like 'lump%';

-- the number that a payment quotes, where it quotes another one than it should
create table misquote as
with wrong as (
    select pid, row_number() over (order by pid) as place
    from leg where case_class in ('wrong_reference', 'card_wrong_reference')
),
others as (
    select i, row_number() over (order by draw('misquote', i, 1000000000), i) as place
    from paid
    where fate is null and pay_date <= getvariable('end_date') - 25 and unlisted is null
    qualify row_number() over (order by draw('misquote', i, 1000000000), i)
        <= (select count(*) from wrong)
)
select wrong.pid, others.i
from wrong inner join others on wrong.place = others.place;
-- or the number of an invoice of its own that it has paid before
insert into misquote
select leg.pid, max_by(paid.i, paid.pay_date) as i
from leg
inner join paid
    on
        leg.n = paid.n
        and paid.case_class in ('transfer_reference', 'transfer_structured')
        and paid.pay_date <= leg.day - 6
where leg.case_class in ('quotes_paid_too', 'number_old_paid')
group by leg.pid;
update leg set case_class = 'transfer_reference'
where
    case_class in ('quotes_paid_too', 'number_old_paid')
    and pid not in (select pid from misquote);
