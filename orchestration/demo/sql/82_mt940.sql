-- SWIFT MT940: monthly files of weekly statements.

create macro swift_amount(minor, digits) as replace(money(abs(minor), digits), '.', ',');
create macro swift_balance(tag, minor, digits, currency, day) as
    tag || case when minor < 0 then 'D' else 'C' end || strftime(day, '%y%m%d') || currency
    || swift_amount(minor, digits);
-- the text in fields ?20 to ?25 of 27 characters; of a list, one number a field
create macro swift_piece(pieces, k) as case
    when len(pieces) < k then ''
    else '?' || (19 + k) || pieces[k] || case when k < len(pieces) then ',' else '' end
end;
create macro swift_text(text) as case
    when contains(text, ', ') then
        swift_piece(string_split(text, ', '), 1) || swift_piece(string_split(text, ', '), 2)
        || swift_piece(string_split(text, ', '), 3) || swift_piece(string_split(text, ', '), 4)
        || swift_piece(string_split(text, ', '), 5) || swift_piece(string_split(text, ', '), 6)
    else
        '?20' || substr(text, 1, 27)
        || case when length(text) > 27 then '?21' || substr(text, 28, 27) else '' end
        || case when length(text) > 54 then '?22' || substr(text, 55, 27) else '' end
end;

create view mt940_file as
with statements as (
    select *, 'mt940_' || month_of(from_date)
    || case when to_date >= getvariable('recent_from') then '_recent' else '' end
    || '.sta' as file
    from statement where form = 'mt940'
)
select
    file, week as o1, 0 as o2, cast(0 as bigint) as o3,
    ':20:' || replace(statement_id, '-', '') || chr(10) || ':25:' || account_id || chr(10)
    || ':28C:' || format('{:05d}', week + 1) || '/001' || chr(10)
    || swift_balance(':60F:', opening, digits, currency, from_date) as line
from statements
union all
select
    statements.file, statements.week, 1, bank_line.position,
    ':61:' || strftime(bank_line.value_date, '%y%m%d') || strftime(bank_line.booking_date, '%m%d')
    || case when bank_line.amount < 0 then 'D' else 'C' end
    || swift_amount(bank_line.amount, statements.digits) || 'NTRF'
    || coalesce(bank_line.end_to_end_id, 'NONREF') || '//' || bank_line.detail_ref || chr(10)
    || ':86:' || case when bank_line.amount < 0 then '116?00DEBIT' else '166?00CREDIT' end
    || swift_text(swift(bank_line.text))
    || coalesce('?31' || bank_line.account, '')
    || coalesce('?32' || substr(swift(bank_line.name), 1, 27), '')
    || case
        when length(swift(bank_line.name)) > 27
            then '?33' || substr(swift(bank_line.name), 28, 27)
        else ''
    end
from statements
inner join bank_line
    on statements.code = bank_line.account_code and statements.week = bank_line.week
union all
select
    file, week, 2, 0,
    swift_balance(':62F:', opening + moved + planted_error, digits, currency, to_date)
    || chr(10) || '-'
from statements;
