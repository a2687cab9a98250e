-- Every line of every own account, in whatever format it is delivered later.

-- how free text quotes an invoice number
create macro clean_quote(number, form) as case form
    when 0 then number when 1 then 'Invoice ' || number when 2 then 'Rechnung ' || number
    else 'Payment ' || number
end;
create macro dirty_quote(number, form) as case form
    when 0 then lower(number)
    when 1 then replace(number, '-', ' ')
    when 2 then replace(number, '-', '')
    when 3 then substr(number, 5)
    when 4 then 'Inv.no. ' || replace(substr(number, 5), '-', '/')
    when 5 then 'RE ' || substr(number, 1, 9) || cast(cast(substr(number, 10) as bigint) as varchar)
    when 6 then replace(number, '-', '.')
    when 7 then 'Zahlg/' || number || '/OK'
    else replace(substr(number, 5), '-', '')
end;
-- slips that never give the number of another invoice: letters O for zeros, a lost last digit
create macro typo(number, form) as case form
    when 0 then replace(number, '0', 'O')
    else substr(number, 1, length(number) - 1) || 'X'
end;
-- two neighbouring digits in the other order, the last that differ of the last three
create macro transposed(number) as case
    when substr(number, -1) <> substr(number, -2, 1)
        then substr(number, 1, length(number) - 2) || substr(number, -1) || substr(number, -2, 1)
    when substr(number, -2, 1) <> substr(number, -3, 1)
        then substr(number, 1, length(number) - 3) || substr(number, -2, 1) || substr(number, -3, 1)
            || substr(number, -1)
    else substr(number, 1, length(number) - 1)
        || cast((cast(substr(number, -1) as integer) + 1) % 10 as varchar)
end;
-- a company's name as another bank or clerk writes it
create macro spelled(name) as list_reduce(
    list_prepend(regexp_replace(name, ' GmbH$', ' Gesellschaft mit beschränkter Haftung'), [
        '&=and', ' AG= Aktiengesellschaft', ' Ltd= Limited', ' Inc.= Incorporated',
        ' Corp.= Corporation', ' B.V.= BV', ' SARL= S.A.R.L.', ' LLC= L.L.C.'
    ]),
    lambda written, pair: replace(written, split_part(pair, '=', 1), split_part(pair, '=', 2))
);
-- letters of INV as digits (18, 23, 31) and RF (27, 15): ISO 11649
create macro creditor_reference(number) as
    'RF' || check_digits('182331' || replace(substr(number, 5), '-', '') || '271500')
    || replace(number, '-', '');

-- so many days into a month of the history, on a business day
create macro month_day(m, days) as business_day(
    cast(getvariable('start_date') + to_months(cast(m as integer)) + to_days(days) as date)
);

create table lump_quote as
select
    leg.pid,
    string_agg(
        case
            when leg.case_class = 'lump_text' and inv.i % 3 = 1 then substr(inv.invoice_number, 5)
            else inv.invoice_number
        end,
        ', ' order by inv.invoice_number
    ) as quote
from leg
inner join inv on leg.case_id = inv.group_id
where leg.case_class like 'lump%'
group by leg.pid;

create table bank_line as
with receipts as (
    select
        leg.*,
        customer.legal_name,
        customer.alias,
        customer.customer_id,
        case
            when customer.account_2 is not null and draw('which account', leg.pid, 100) < 30
                then customer.account_2
            else customer.account_1
        end as payer_account,
        coalesce(quoted.invoice_number, inv.invoice_number) as number,
        inv.invoice_number as own_number,
        inv.invoice_id,
        lump_quote.quote as lump_quote,
        own_account.form,
        customer.country,
        parent.legal_name as parent_name,
        parent.account_1 as parent_account
    from leg
    inner join customer on leg.n = customer.n
    left join customer as parent on customer.parent_n = parent.n
    inner join inv on leg.i = inv.i
    inner join own_account on leg.account_code = own_account.code
    left join misquote on leg.pid = misquote.pid
    left join inv as quoted on misquote.i = quoted.i
    left join lump_quote on leg.pid = lump_quote.pid
    where leg.channel = 'transfer'
),
quoted as (
    select
        receipts.*,
        case
            when case_class in (
                'transfer_missing_reference', 'twin_payment', 'lump_none', 'payer_spelled',
                'fx_original'
            ) then
                ['Payment', 'Zahlung', 'Services', 'Thank you', 'as agreed']
                [cast(draw('no quote', i, 5) + 1 as integer)]
            when case_class in ('transfer_advice', 'lump_advice') then 'see remittance advice'
            when case_class = 'lump_text' then lump_quote
            when case_class = 'lump_named_part' then own_number || ' and others'
            when case_class = 'quotes_paid_too' then own_number || ', ' || number
            when case_class = 'number_transposed' then transposed(number)
            when case_class = 'number_truncated' then substr(number, 1, length(number) - 1)
            when case_class = 'customer_number' then 'Customer ' || customer_id
            when case_class = 'transfer_invoice_id' then invoice_id
            when case_class = 'transfer_structured' then null
            when case_class = 'transfer_dirty_reference'
                then dirty_quote(number, draw('dirty', pid, 9))
            when case_class = 'transfer_split_reference'
                then 'Rechnung vom Monat ' || substr(number, 1, 8) || ' ' || substr(number, 9)
            when case_class = 'reference_typo' then typo(number, draw('typo', pid, 2))
            when case_class in ('instalments', 'instalment_missing')
                then number || ' part ' || part || ' of ' || part_count
            else clean_quote(number, draw('clean', pid, 4))
        end as quote
    from receipts
)
select
    'leg ' || quoted.pid as lid,
    case
        when case_class in ('fx_residual', 'fx_original') then 'U'
        when case_class = 'returned_receipt' then 'E'
        else account_code
    end as account_code,
    quoted.day as booking_date,
    quoted.day as value_date,
    case
        when case_class in ('fx_residual', 'fx_original') then cast(
            quoted.amount * fx.rate_millionths
            * (1000 + case draw('fx side', pid, 2) when 0 then 1 else -1 end
                * (3 + draw('fx', pid, 13)))
            // 1000000000 as bigint
        )
        else quoted.amount
    end as amount,
    case
        when case_class = 'third_party_payer' then
            ['Meridian Treasury Services', 'Paywell Factoring', 'Octava Shared Services']
            [cast(draw('third', pid, 3) + 1 as integer)]
        when case_class = 'parent_payer' then parent_name
        when case_class = 'payer_spelled' then spelled(legal_name)
        when case_class = 'customer_number' then null
        when draw('signed', pid, 100) < 60 then legal_name
        when draw('signed', pid, 100) < 85 or alias is null then upper(legal_name)
        else alias
    end as name,
    case
        when case_class = 'third_party_payer'
            then account_number('DE', '99012345', '99012345', 10, '1314',
                8000000 + draw('third', pid, 3))
        when case_class = 'parent_payer' then parent_account
        when case_class in ('payer_spelled', 'customer_number') then null
        when form = 'csv' and draw('no account', pid, 100) < 5 then null
        else payer_account
    end as account,
    case
        when form <> 'mt940' and case_class in ('transfer_reference', 'transfer_dirty_reference')
            then
                quote || case draw('suffix', pid, 20)
                    when 0 then ' customer ' || customer_id
                    when 1 then ', thank you'
                    when 2 then ' for ' || strftime(day, '%B %Y')
                    -- a line break inside a CSV field
                    when 3 then case when form = 'csv' then chr(10) else ' ' end || 'Vielen Dank'
                    else ''
                end
        when form = 'mt940' and case_class = 'transfer_split_reference'
            then replace(quote, substr(number, 1, 8) || ' ', substr(number, 1, 8))
        else quote
    end as text,
    case when case_class = 'transfer_structured' then creditor_reference(number) end
        as structured_reference,
    case
        when
            case_class in ('transfer_advice', 'lump_advice', 'returned_receipt')
            or draw('e2e', pid, 3) = 0
            then 'E2E' || upper(token('end to end', pid, 12))
    end as end_to_end_id,
    'receipt' as kind,
    case when case_class in ('fx_residual', 'fx_original') then money(quoted.amount, 2) end
        as original_amount,
    case when case_class in ('fx_residual', 'fx_original') then 'EUR' end as original_currency,
    pid,
    cast(null as varchar) as payout_id,
    case_class
from quoted
left join fx on fx.rate_date = quoted.day and fx.currency = 'USD'
union all
select
    'payout ' || payout_id,
    case currency
        when 'EUR' then 'E' when 'GBP' then 'G' when 'USD' then 'U' when 'JPY' then 'J' else 'B'
    end,
    arrival_date,
    arrival_date,
    bank_amount,
    upper(gateway) || ' PAYMENTS EUROPE',
    null,
    case
        when fault = 'payout_unreferenced' then upper(gateway) || ' payout'
        else upper(gateway) || ' ' || bank_reference
    end,
    null, null, 'payout', null, null, null, payout_id,
    case when amount < 0 then 'payout_negative' else coalesce(fault, 'payout') end
from payout
where coalesce(fault, '') <> 'payout_missing_in_bank' and arrival_date <= getvariable('end_date')
union all
-- money that nobody can place
select
    'unidentified ' || k,
    ['E', 'F', 'U'][cast(k % 3 + 1 as integer)],
    business_day(getvariable('start_date')
        + cast(draw('unidentified day', k, getvariable('days') - 3) as integer)),
    business_day(getvariable('start_date')
        + cast(draw('unidentified day', k, getvariable('days') - 3) as integer)),
    1000 + draw('unidentified', k, 300000),
    getvariable('heads')[cast(draw('unidentified head', k, 64) + 1 as integer)] || ' '
    || getvariable('tails')[cast(draw('unidentified tail', k, 64) + 1 as integer)] || ' estate',
    account_number('AT', '99123', '99123', 11, '1029', 7000000 + k),
    ['Zahlung', 'Payment', 'Transfer'][cast(draw('unidentified text', k, 3) + 1 as integer)],
    null, null, 'unidentified', null, null, null, null, 'unidentified_receipt'
from range(getvariable('unidentified')) as t (k)
union all
-- suppliers
select
    'supplier ' || k || '.' || part,
    case when getvariable('invoices') > 100000 then 'F' else 'E' end,
    day,
    day,
    -amount,
    getvariable('suppliers')[cast(s + 1 as integer)],
    account_number('DE', '99012345', '99012345', 10, '1314', 6000000 + s),
    text,
    null, 'S' || upper(token('supplier e2e', k || '.' || part, 10)), 'supplier', null, null, null,
    null, case_class
from vendor_payment
union all
-- payroll, bank fees and own transfers every month
select
    'payroll ' || m,
    'E',
    month_day(m, 24),
    month_day(m, 24),
    -(getvariable('invoices') * 1500 + draw('payroll', m, 90000)),
    'Payroll', null, 'Salaries', null, null, 'payroll', null, null, null, null, null
from range(getvariable('months')) as t (m)
union all
select
    'fee ' || code || m,
    code,
    month_day(m, 27),
    month_day(m, 27),
    -1250,
    null, null, 'Account fee', null, null, 'bank_fee', null, null, null, null, null
from range(getvariable('months')) as t (m)
cross join own_account
where code not in ('F', 'H')
union all
select
    'own ' || side || m,
    side,
    month_day(m, 20),
    month_day(m, 20),
    case side when 'E' then 1 else -1 end * (100000 + m * 5000),
    'Tieout Demo GmbH',
    (select account_id from own_account where code = case side when 'E' then 'F' else 'E' end),
    'Transfer between own accounts', null, null, 'own_transfer', null, null, null, null, null
from range(getvariable('months')) as t (m)
cross join (values ('E'), ('F')) as sides (side)
union all
-- twins: two identical fees of one day, without any reference of the bank
select
    'twin ' || k || '.' || copy,
    'E',
    business_day(getvariable('start_date')
        + cast(draw('twin day', k, getvariable('days') - 3) as integer)),
    business_day(getvariable('start_date')
        + cast(draw('twin day', k, getvariable('days') - 3) as integer)),
    -250 - k,
    null, null, 'Fee for express transfer', null, null, 'twin_fee', null, null, null, null, null
from range(getvariable('twin_fees')) as t (k)
cross join range(2) as u (copy);

-- what the bank took back, or brought back, and why
alter table bank_line add column return_reason varchar;
insert into bank_line
select
    'returned ' || lid, account_code, business_day(booking_date + 3),
    business_day(booking_date + 3), -amount, name, account, 'Return ' || text, null, end_to_end_id, 'returned', null, null, null,
    null, case_class, case kind when 'receipt' then 'MD01' else 'AC04' end
from bank_line
where
    case_class = 'returned_receipt'
    or (case_class = 'bill_returned' and ends_with(lid, '.1'));

delete from bank_line where booking_date > getvariable('end_date');

alter table bank_line add column batch varchar;
alter table bank_line add column batch_form varchar;
alter table bank_line add column seq bigint;
alter table bank_line add column entry_ref varchar;
alter table bank_line add column detail_ref varchar;
alter table bank_line add column detail_pos bigint;
alter table bank_line add column week bigint;
alter table bank_line add column position bigint;

-- collections that the bank books in one sum
update bank_line set batch = 'batch ' || chosen.booking_date, batch_form = chosen.batch_form
from (
    with days as (
        select
            booking_date,
            row_number() over (order by draw('batch', booking_date, 1000000000), booking_date)
                as place
        from bank_line
        where
            account_code = 'E' and case_class in ('transfer_reference', 'transfer_dirty_reference')
            and booking_date <= getvariable('end_date') - 14
        group by booking_date
        having count(*) >= 3
    ),
    ranked as (
        select
            bank_line.lid,
            days.booking_date,
            ['detailed', 'positional', 'notified'][cast(days.place % 3 + 1 as integer)]
                as batch_form,
            row_number() over (partition by days.booking_date order by bank_line.lid) as place
        from bank_line
        inner join days
            on bank_line.booking_date = days.booking_date and days.place <= getvariable('batches')
        where
            bank_line.account_code = 'E'
            and bank_line.case_class in ('transfer_reference', 'transfer_dirty_reference')
    )
    select * from ranked where place <= 6
) as chosen
where bank_line.lid = chosen.lid;

create table placed as
select
    lid,
    row_number() over (
        partition by account_code order by booking_date, draw('line', lid, 1000000000), lid
    ) as seq,
    row_number() over (partition by batch order by lid) as detail_pos,
    (booking_date - getvariable('start_date')) // 7 as week
from bank_line;

update bank_line set
    seq = placed.seq,
    week = placed.week,
    position = placed.seq,
    detail_pos = case when bank_line.batch is not null then placed.detail_pos else 1 end,
    entry_ref = case
        when bank_line.kind = 'twin_fee' then null
        when bank_line.batch is not null
            then 'EB' || strftime(bank_line.booking_date, '%y%m%d')
        else
            bank_line.account_code || strftime(bank_line.booking_date, '%y%m%d')
            || format('{:06d}', placed.seq)
    end,
    detail_ref = case
        when bank_line.kind = 'twin_fee' or bank_line.batch_form = 'positional' then null
        else
            bank_line.account_code || strftime(bank_line.booking_date, '%y%m%d')
            || format('{:06d}', placed.seq)
    end
from placed
where bank_line.lid = placed.lid;

-- a batch stands where its first detail stands
update bank_line set position = first_position
from (
    select batch, min(seq) as first_position from bank_line where batch is not null group by batch
) as firsts
where bank_line.batch = firsts.batch;

alter table bank_line add column entry_id varchar;
update bank_line set entry_id = coalesce(detail_ref, entry_ref || '#' || detail_pos);

create table statement as
with weeks as (
    select
        own_account.code,
        w as week,
        getvariable('start_date') + cast(w * 7 as integer) as from_date,
        least(getvariable('start_date') + cast(w * 7 + 6 as integer), getvariable('end_date'))
            as to_date
    from own_account
    cross join range((getvariable('days') - 1) // 7 + 1) as t (w)
    where own_account.form in ('camt', 'mt940')
),
movement as (
    select account_code, week, cast(sum(amount) as bigint) as moved, count(*) as lines
    from bank_line group by account_code, week
)
select
    weeks.code,
    weeks.week,
    weeks.from_date,
    weeks.to_date,
    own_account.account_id,
    own_account.currency,
    own_account.digits,
    own_account.form,
    own_account.opening + coalesce(
        sum(movement.moved) over (
            partition by weeks.code order by weeks.week
            rows between unbounded preceding and 1 preceding
        ), 0
    ) as opening,
    coalesce(movement.moved, 0) as moved,
    weeks.code || '-' || strftime(weeks.from_date, '%Y%m%d') as statement_id,
    cast(0 as bigint) as planted_error
from weeks
inner join own_account on weeks.code = own_account.code
left join movement on weeks.code = movement.account_code and weeks.week = movement.week;
