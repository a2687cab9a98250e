-- Customers, remittance advice, own accounts, rates.

create view customer_json_file as
select
    'customers_main.jsonl' as file, n as o1,
    '{' || concat_ws(
        ',', js('customer_id', customer_id), js('legal_name', legal_name),
        '"aliases":' || case when alias is null then '[]' else '[' || to_json(alias) || ']' end,
        '"bank_accounts":[' || concat_ws(',', to_json(account_1), to_json(account_2)) || ']',
        js('country', country), js('tier', tier),
        js('email', 'accounts@' || lower(customer_id) || '.example'),
        js('parent_customer_id', case
            when parent_n is not null then format('CUS-{:06d}', parent_n)
        end),
        js('payment_terms', 'net ' || term_days)
    ) || '}' as line
from customer
where unlisted is null and n % 4 <> 0;

create view customer_csv_file as
select
    'customers_acquired.csv' as file, n as o1,
    -- with a column that the contract does not know
    concat_ws(
        ',', customer_id, csv(legal_name), coalesce(csv(alias), ''),
        concat_ws(';', account_1, account_2), country, tier,
        'accounts@' || lower(customer_id) || '.example',
        coalesce(format('CUS-{:06d}', parent_n), ''), 'net ' || term_days, 'acquired'
    ) as line
from customer
where unlisted is null and n % 4 = 0;

create view advice_file as
select
    'advice_' || period_of(bank_line.booking_date) || '.csv' as file,
    bank_line.booking_date as o1,
    format('{:014d}.{:012d}', abs(leg_item.pid), leg_item.i) as o2,
    concat_ws(
        ',', 'RA-' || upper(token('advice', leg_item.pid, 10)),
        cast(row_number() over (partition by leg_item.pid order by leg_item.i) as varchar),
        case
            when own_account.form = 'camt' then bank_line.end_to_end_id else bank_line.entry_id
        end,
        customer.customer_id, inv.invoice_number, money(leg_item.amount, inv.digits), inv.currency,
        strftime(bank_line.booking_date, '%Y-%m-%dT07:00:00Z')
    ) as line
from leg_item
inner join bank_line on leg_item.pid = bank_line.pid and bank_line.kind = 'receipt'
inner join own_account on bank_line.account_code = own_account.code
inner join inv on leg_item.i = inv.i
inner join customer on inv.n = customer.n
where bank_line.case_class in ('transfer_advice', 'lump_advice');

create view own_account_file as
select
    'accounts.csv' as file, code as o1,
    concat_ws(
        ',', account_id, currency, name, ledger_account_code, money(opening, digits),
        cast(getvariable('start_date') - 1 as varchar), 'UTC'
    ) as line
from own_account
where code in (select account_code from bank_line);

create view rate_file as
select
    'ecb_' || year(rate_date) || '.csv' as file,
    rate_date as o1, currency as o2,
    concat_ws(',', cast(rate_date as varchar), 'EUR', currency, 'ECB',
        cast(rate_millionths * 0.000001 as varchar)) as line
from fx;
