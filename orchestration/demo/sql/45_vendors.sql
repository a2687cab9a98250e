-- What the company owes to its suppliers, and what it pays them. Amounts are minor units (EUR).
-- Variables: invoices, suppliers.

create table vendor_case as
with days as (
    select
        k,
        business_day(getvariable('start_date')
            + cast(draw('supplier day', k, getvariable('days') - 3) as integer)) as day
    from range(getvariable('invoices') // 25) as t (k)
)
select
    k,
    draw('supplier', k, 10) as s,
    day,
    2000 + draw('supplier amount', k, 400000) as amount,
    case
        when draw('bill', k, 100) < 49 or draw('bill', k, 100) < 52 and is_recent
            then 'bill_reference'
        when draw('bill', k, 100) < 52 then 'bill_returned'
        when draw('bill', k, 100) < 60 then 'bill_lump'
        when draw('bill', k, 100) < 68 then 'bill_credit_note'
        when draw('bill', k, 100) < 76 then 'bill_instalments'
        when draw('bill', k, 100) < 84 then 'bill_missing_reference'
        when draw('bill', k, 100) < 88 then 'bill_overpaid'
        when draw('bill', k, 100) < 92 then 'bill_paid_twice'
        when draw('bill', k, 100) < 95 then 'bill_unpaid'
        when draw('bill', k, 100) < 98 then 'bill_entered_twice'
        else 'supplier_unbilled'
    end as case_class
from (select *, day > getvariable('end_date') - 25 as is_recent from days);

-- three bills of a lump, the credit note of a bill below zero
create table vendor_bill as
with parts as (
    select
        vendor_case.*,
        part,
        case part
            when 1 then case case_class
                when 'bill_lump' then amount - amount // 2 - amount // 3 else amount
            end
            when 2 then case case_class
                when 'bill_lump' then amount // 2 else -(amount // 7)
            end
            else amount // 3
        end as total
    from vendor_case
    cross join range(1, 4) as t (part)
    where
        case_class <> 'supplier_unbilled'
        and part <= case case_class
            when 'bill_lump' then 3 when 'bill_credit_note' then 2 else 1
        end
)
select
    k,
    part,
    s,
    case_class,
    total,
    'vb_' || token('bill', k || '.' || part, 16) as vendor_invoice_id,
    upper(substr(getvariable('suppliers')[cast(s + 1 as integer)], 1, 2))
    || '-' || cast(700000 + k * 10 + part as varchar) as vendor_invoice_number,
    cast(day - cast(12 + part + draw('bill age', k, 20) as integer) as date) as invoice_date
from parts;

-- the same paper entered again, three days later
insert into vendor_bill
select
    k, 9, s, case_class, total, 'vb_' || token('bill again', k, 16), vendor_invoice_number,
    invoice_date + 3
from vendor_bill
where case_class = 'bill_entered_twice';

create table vendor_payment as
with quoted as (
    select k, string_agg(vendor_invoice_number, ' ' order by part) as numbers, sum(total) as owed
    from vendor_bill
    where part < 9
    group by k
)
select
    vendor_case.k,
    part,
    vendor_case.s,
    vendor_case.case_class,
    business_day(vendor_case.day
        + cast(case when part = 1 then 0 when case_class = 'bill_paid_twice' then 9 else 16 end
            as integer)) as day,
    cast(case
        when case_class = 'bill_instalments' and part = 1 then owed // 3
        when case_class = 'bill_instalments' then owed - owed // 3
        when case_class = 'bill_overpaid' then owed + 1500
        when case_class = 'supplier_unbilled' then amount
        else owed
    end as bigint) as amount,
    case case_class
        when 'bill_missing_reference' then 'Thank you'
        when 'supplier_unbilled' then 'Order by phone'
        else 'Bill ' || numbers
    end as text
from vendor_case
cross join range(1, 3) as t (part)
left join quoted on vendor_case.k = quoted.k
where
    case_class <> 'bill_unpaid'
    and (part = 1 or case_class in ('bill_instalments', 'bill_paid_twice', 'bill_returned'));

create view vendor_file as
with lined as (
    select vendor_bill.*, line, line_count
    from (
        select vendor_bill.*, 1 + draw('bill lines', k || '.' || part, 3) as line_count
        from vendor_bill
    ) as vendor_bill
    cross join range(1, 4) as t (line)
    where line <= line_count
)
select
    'bills_' || period_of(invoice_date) || '.csv' as file,
    cast(invoice_date as timestamp) as o1,
    vendor_invoice_id || '.' || line as o2,
    concat_ws(
        ',', vendor_invoice_id, cast(line as varchar), vendor_invoice_number,
        'V-' || cast(70001 + s as varchar), '', '', '1',
        money(share, 2), money(share, 2), 'EUR', cast(invoice_date as varchar)
    ) as line
from (
    select
        lined.*,
        case when line = 1 then total - (line_count - 1) * (total // line_count)
            else total // line_count
        end as share
    from lined
);
