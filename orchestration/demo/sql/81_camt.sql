-- ISO 20022: weekly camt.053 statements, camt.054 of batches, an overlapping extract.

-- the lines of the camt account, one row an entry
create view camt_details as
select
    bank_line.*,
    own_account.digits,
    own_account.currency,
    own_account.account_id,
    '<TxDtls><Refs>'
    || case
        when detail_ref is not null then '<AcctSvcrRef>' || detail_ref || '</AcctSvcrRef>' else ''
    end
    || '<EndToEndId>' || coalesce(end_to_end_id, 'NOTPROVIDED') || '</EndToEndId></Refs>'
    || '<Amt Ccy="' || own_account.currency || '">' || money(abs(amount), own_account.digits)
    || '</Amt><CdtDbtInd>' || case when amount < 0 then 'DBIT' else 'CRDT' end || '</CdtDbtInd>'
    || case
        when bank_line.name is null then ''
        when amount < 0
            then '<RltdPties><Cdtr><Pty><Nm>' || xml(bank_line.name) || '</Nm></Pty></Cdtr>'
                || case
                    when account is null then ''
                    else '<CdtrAcct><Id><IBAN>' || account || '</IBAN></Id></CdtrAcct>'
                end || '</RltdPties>'
        else
            '<RltdPties><Dbtr><Pty><Nm>' || xml(bank_line.name) || '</Nm></Pty></Dbtr>'
            || case
                when account is null then ''
                else '<DbtrAcct><Id><IBAN>' || account || '</IBAN></Id></DbtrAcct>'
            end || '</RltdPties>'
    end
    || case
        when text is null and structured_reference is null then ''
        else '<RmtInf>' || coalesce('<Ustrd>' || xml(text) || '</Ustrd>', '')
            || coalesce(
                '<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>'
                || structured_reference || '</Ref></CdtrRefInf></Strd>', ''
            ) || '</RmtInf>'
    end
    || coalesce('<RtrInf><Rsn><Cd>' || return_reason || '</Cd></Rsn></RtrInf>', '')
    || '</TxDtls>' as detail
from bank_line
inner join own_account on bank_line.account_code = own_account.code
where own_account.form = 'camt';

create table camt_entry as
with entries as (
    select
        week,
        position,
        booking_date,
        max(value_date) as value_date,
        max(entry_ref) as entry_ref,
        max(batch) as batch,
        max(batch_form) as batch_form,
        max(currency) as currency,
        max(digits) as digits,
        max(account_id) as account_id,
        cast(sum(amount) as bigint) as amount,
        count(*) as details,
        string_agg(detail, '' order by detail_pos) as detail
    from camt_details
    group by week, position, booking_date
)
select
    *,
    '<Ntry><NtryRef>' || position || '</NtryRef><Amt Ccy="' || currency || '">'
    || money(abs(amount), digits) || '</Amt><CdtDbtInd>'
    || case when amount < 0 then 'DBIT' else 'CRDT' end
    || '</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>' || booking_date
    || '</Dt></BookgDt><ValDt><Dt>' || value_date || '</Dt></ValDt>'
    || case
        when entry_ref is null then '' else '<AcctSvcrRef>' || entry_ref || '</AcctSvcrRef>'
    end
    || '<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>'
    || case when amount < 0 then 'ICDT' else 'RCDT' end
    || '</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>' as head
from entries;

create macro camt_balance(kind, minor, digits, currency, day) as
    '<Bal><Tp><CdOrPrtry><Cd>' || kind || '</Cd></CdOrPrtry></Tp><Amt Ccy="' || currency || '">'
    || money(abs(minor), digits) || '</Amt><CdtDbtInd>'
    || case when minor < 0 then 'DBIT' else 'CRDT' end || '</CdtDbtInd><Dt><Dt>' || day
    || '</Dt></Dt></Bal>';

create view camt_file as
with statements as (
    select
        *,
        case
            when week = getvariable('late_week') then 'late_' else ''
        end || 'camt053_' || strftime(from_date, '%Y%m%d')
        || case when to_date >= getvariable('recent_from') then '_recent' else '' end
        || '.xml' as file
    from statement where form = 'camt'
)
select
    file, 0 as o1, cast(0 as bigint) as o2,
    '<?xml version="1.0" encoding="UTF-8"?>' || chr(10)
    || '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr>'
    || '<MsgId>MSG-' || statement_id || '</MsgId><CreDtTm>' || to_date || 'T22:00:00Z</CreDtTm>'
    || '</GrpHdr><Stmt><Id>' || statement_id || '</Id><CreDtTm>' || to_date
    || 'T22:00:00Z</CreDtTm><Acct><Id><IBAN>' || account_id || '</IBAN></Id><Ccy>' || currency
    || '</Ccy></Acct>'
    || camt_balance('OPBD', opening, digits, currency, from_date)
    || camt_balance('CLBD', opening + moved + planted_error, digits, currency, to_date) as line
from statements
union all
select
    statements.file, 1, camt_entry.position,
    camt_entry.head || '<NtryDtls>'
    || case
        when camt_entry.batch is null then ''
        else '<Btch><NbOfTxs>' || camt_entry.details || '</NbOfTxs></Btch>'
    end
    || case when camt_entry.batch_form = 'notified' then '' else camt_entry.detail end
    || '</NtryDtls></Ntry>'
from statements
inner join camt_entry on statements.week = camt_entry.week
union all
select file, 2, 0, '</Stmt></BkToCstmrStmt></Document>' from statements;

-- a notification of every batch that has details of its own reference
create view notification_file as
with batches as (
    select *, 'camt054_' || strftime(booking_date, '%Y%m%d') || '.xml' as file
    from camt_entry where batch is not null and batch_form <> 'positional'
)
select
    file, 0 as o1, position as o2,
    '<?xml version="1.0" encoding="UTF-8"?>' || chr(10)
    || '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
    || '<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>NTF-' || entry_ref || '</MsgId><CreDtTm>'
    || booking_date || 'T20:00:00Z</CreDtTm></GrpHdr><Ntfctn><Id>NTF-' || entry_ref
    || '</Id><CreDtTm>' || booking_date || 'T20:00:00Z</CreDtTm><Acct><Id><IBAN>' || account_id
    || '</IBAN></Id><Ccy>' || currency || '</Ccy></Acct>' || head
    || '<NtryDtls><Btch><NbOfTxs>' || details || '</NbOfTxs></Btch>' || detail
    || '</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>' as line
from batches;

-- an extract that overlaps two weekly statements
create view overlap_file as
with span as (
    select
        from_date + 3 as from_date,
        from_date + 10 as to_date,
        account_id, currency, digits, statement.code,
        opening + (
            select coalesce(cast(sum(amount) as bigint), 0) from bank_line
            where
                account_code = statement.code and booking_date >= statement.from_date
                and booking_date < statement.from_date + 3
        ) as opening
    from statement
    where form = 'camt' and week = getvariable('overlap_week')
),
chosen as (
    select camt_entry.* from camt_entry
    inner join span on camt_entry.booking_date between span.from_date and span.to_date
)
select
    'camt053_extract.xml' as file, 0 as o1, cast(0 as bigint) as o2,
    '<?xml version="1.0" encoding="UTF-8"?>' || chr(10)
    || '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr>'
    || '<MsgId>MSG-EXTRACT</MsgId><CreDtTm>' || to_date || 'T23:00:00Z</CreDtTm>'
    || '</GrpHdr><Stmt><Id>' || code || '-EXTRACT</Id><CreDtTm>' || to_date
    || 'T23:00:00Z</CreDtTm><Acct><Id><IBAN>' || account_id || '</IBAN></Id><Ccy>' || currency
    || '</Ccy></Acct>'
    || camt_balance('OPBD', opening, digits, currency, from_date)
    || camt_balance(
        'CLBD', opening + (select coalesce(cast(sum(amount) as bigint), 0) from chosen), digits,
        currency, to_date
    ) as line
from span
union all
select
    'camt053_extract.xml', 1, position,
    head || '<NtryDtls>'
    || case
        when batch is null then ''
        else '<Btch><NbOfTxs>' || details || '</NbOfTxs></Btch>'
    end
    || case when batch_form = 'notified' then '' else detail end
    || '</NtryDtls></Ntry>'
from chosen
union all
select 'camt053_extract.xml', 2, 0, '</Stmt></BkToCstmrStmt></Document>';
