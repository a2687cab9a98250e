-- The general ledger of the bank accounts: one entry of two lines for every bank line.
create table ledger_fault as
select
    lid,
    ['missing_in_ledger', 'doubled_in_ledger', 'ledger_amount_mismatch', 'ledger_unreferenced']
    [cast((place - 1) // getvariable('ledger_faults') + 1 as integer)] as fault
from (
    select lid, row_number() over (order by draw('ledger', lid, 1000000000000), lid) as place
    from bank_line
    where kind in ('receipt', 'supplier') and booking_date <= getvariable('end_date') - 21
    qualify row_number() over (order by draw('ledger', lid, 1000000000000), lid)
        <= 4 * getvariable('ledger_faults')
);

create table ledger_line as
with posted as (
    select
        bank_line.lid,
        bank_line.account_code,
        'JE-' || bank_line.account_code || format('{:09d}', bank_line.seq) || copies.suffix
            as entry_id,
        own_account.ledger_account_code,
        case bank_line.kind
            when 'receipt' then '1200' when 'payout' then '1360' when 'supplier' then '3300'
            when 'payroll' then '3720' when 'own_transfer' then '1460'
            when 'unidentified' then '1590' when 'returned' then '1460' else '6855'
        end as contra_code,
        -- posted again the day after
        bank_line.booking_date + cast(copies.copy as integer) as posting_date,
        bank_line.amount + case ledger_fault.fault
            when 'ledger_amount_mismatch' then case when own_account.digits = 0 then 1 else 100 end
            else 0
        end as amount,
        own_account.currency,
        own_account.digits,
        case when ledger_fault.fault is distinct from 'ledger_unreferenced' then bank_line.entry_id
        end as reference,
        bank_line.text as description
    from bank_line
    inner join own_account on bank_line.account_code = own_account.code
    left join ledger_fault on bank_line.lid = ledger_fault.lid
    inner join (values ('', 0), ('-R', 1)) as copies (suffix, copy)
        on copies.copy = 0 or ledger_fault.fault = 'doubled_in_ledger'
    where coalesce(ledger_fault.fault, '') <> 'missing_in_ledger'
)
select
    posted.lid,
    posted.entry_id,
    cast(sides.line_id as varchar) as line_id,
    case sides.line_id when 1 then ledger_account_code else contra_code end as account_code,
    posted.posting_date,
    posted.amount * case sides.line_id when 1 then 1 else -1 end as amount,
    posted.currency,
    posted.digits,
    posted.reference,
    posted.description
from posted
cross join (values (1), (2)) as sides (line_id);

create view ledger_row as
select
    entry_id,
    line_id,
    account_code,
    posting_date,
    case when amount >= 0 then cast(money(amount, digits) as decimal(18, 3)) end as debit_amount,
    case when amount < 0 then cast(money(-amount, digits) as decimal(18, 3)) end as credit_amount,
    currency,
    reference,
    description,
    'erp' as posted_by,
    period_of(posting_date) as month
from ledger_line;
