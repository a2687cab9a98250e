-- Landed text, one view a kind of file: (file, o1, o2, o3, line), ordered by o1, o2, o3.

-- rows that must end in quarantine
create table bad_line as
with places as (
    select
        k,
        reason,
        feed,
        getvariable('start_date') + to_months(cast(k % getvariable('months') as integer))
            + to_days(3) as d,
        feed || k || reason as bad_id
    from range(getvariable('bad_rows')) as t (k)
    cross join (values
        ('bad_date'), ('thousands_separator'), ('unknown_currency'), ('minor_digits'),
        ('missing_key'), ('bad_domain'), ('ragged_line')
    ) as reasons (reason)
    cross join (values
        ('billing_invoices'), ('gateway_transactions'), ('bank_transactions')
    ) as feeds (feed)
),
shaped as (
    select
        places.*,
        case feed
            when 'billing_invoices' then 'in_' || token('bad', bad_id, 16)
            when 'gateway_transactions' then 'ch_' || token('bad', bad_id, 20)
            else 'U' || strftime(d, '%y%m%d') || format('9{:05d}', draw('bad', bad_id, 99999))
        end as bad_key,
        case reason when 'bad_date' then strftime(d, '%Y-13-%d') else strftime(d, '%Y-%m-%d') end
            as bad_day,
        case reason
            when 'thousands_separator' then '1,' || (200 + draw('bad', bad_id, 700)) || '.50'
            when 'minor_digits' then (20 + draw('bad', bad_id, 70)) || '.125'
            else (20 + draw('bad', bad_id, 700)) || '.40'
        end as bad_amount,
        case reason when 'unknown_currency' then 'EUX' else 'EUR' end as bad_currency
    from places
    where not (feed = 'bank_transactions' and reason = 'bad_domain')
)
select
    shaped.feed,
    shaped.reason,
    case shaped.feed
        when 'billing_invoices' then 'invoices_' || month_of(d) || '.csv'
        when 'gateway_transactions' then 'cardwave_' || month_of(d) || '.jsonl'
        else 'accounts_' || month_of(d) || '.csv'
    end as file,
    cast(d as timestamp) as o1,
    case when reason = 'missing_key' then null when feed = 'gateway_transactions'
        then 'cardwave/' || bad_key when feed = 'bank_transactions'
        then (select account_id from own_account where code = 'F') || '/' || bad_key
        else bad_key end as key,
    case
        when reason in ('thousands_separator', 'minor_digits')
            then case feed when 'billing_invoices' then 'total_amount' else 'amount' end
        when reason = 'unknown_currency' then 'currency'
        when reason = 'bad_date' then case feed
            when 'billing_invoices' then 'issued_at'
            when 'gateway_transactions' then 'created_at'
            else 'booking_date'
        end
        when reason = 'missing_key' then case feed
            when 'billing_invoices' then 'invoice_id'
            when 'gateway_transactions' then 'transaction_id'
            else 'entry_id'
        end
        when reason = 'bad_domain' then 'status'
    end as column_name,
    case
        when feed = 'billing_invoices' and reason = 'ragged_line'
            then bad_key || ',INV-LOST,invoice,CUS-000001'
        when feed = 'billing_invoices'
            then concat_ws(
                ',', case reason when 'missing_key' then '' else bad_key end,
                'INV-' || year(d) || '-' || (980000 + draw('bad number', bad_id, 19999)), 'invoice',
                'CUS-000001', bad_day || 'T09:00:00Z', strftime(d, '%Y-%m-28'), bad_currency,
                csv(bad_amount), '0.00', case reason when 'bad_domain' then 'paid' else 'void' end,
                '', '', '', '', '', 'billing', strftime(d, '%Y-%m-%dT09:00:00Z')
            )
        when feed = 'gateway_transactions' and reason = 'ragged_line'
            then '{"gateway":"cardwave","transaction_id":"' || bad_key || '","type":"charge","st'
        when feed = 'gateway_transactions'
            then '{' || concat_ws(
                ',', js('gateway', 'cardwave'),
                js('transaction_id', case when reason <> 'missing_key' then bad_key end),
                js('type', 'charge'),
                js('status', case reason when 'bad_domain' then 'done' else 'failed' end),
                js('amount', bad_amount), js('fee_amount', '0.00'), js('net_amount', bad_amount),
                js('currency', bad_currency), js('created_at', bad_day || 'T10:00:00Z')
            ) || '}'
        when reason = 'ragged_line'
            then (select account_id from own_account where code = 'F') || ',' || bad_key
        else concat_ws(
            ',', (select account_id from own_account where code = 'F'),
            case reason when 'missing_key' then '' else bad_key end, bad_day, '',
            csv(bad_amount), bad_currency, 'Unreadable', '', '', '', '', '', '', ''
        )
    end as line,
    -- half of the invoices are sent again in order
    feed = 'billing_invoices' and reason not in ('missing_key', 'ragged_line') and k % 2 = 0
        as is_resolved,
    bad_key,
    d as good_day
from shaped;

create view invoice_lines_file as
select
    'invoices_' || file_month || '.csv' as file,
    updated_at as o1,
    invoice_id as o2,
    line
from bill_text
union all
select file, o1, bad_key, line from bad_line where feed = 'billing_invoices';

create view correction_file as
select
    'corrections.csv' as file,
    o1,
    bad_key as o2,
    concat_ws(
        ',', bad_key, 'INV-' || year(good_day) || '-C' || row_number() over (order by bad_key),
        'invoice', 'CUS-000001', strftime(good_day, '%Y-%m-%dT09:00:00Z'),
        strftime(good_day, '%Y-%m-28'), 'EUR', '50.00', '0.00', 'void', '', '', '', '', '',
        'billing', strftime(good_day + to_days(1), '%Y-%m-%dT09:00:00Z')
    ) as line
from bad_line
where feed = 'billing_invoices' and is_resolved;

create view line_item_file as
with counted as (
    select inv.*, 1 + draw('line count', i, 3) as line_count, total - tax as net from inv
)
select
    'lines_' || period_of(issued_at) || '.jsonl.gz' as file,
    issued_at as o1,
    invoice_id || '.' || k as o2,
    '{' || concat_ws(
        ',', js('invoice_id', invoice_id), js('line_id', cast(k as varchar)),
        js('sku', case kind when 'subscription' then 'SUB-' || k else 'SRV-' || k end),
        js('description', case kind
            when 'subscription' then ['Subscription', 'Support', 'Storage']
            else ['Consulting', 'Usage', 'Delivery']
        end[cast(k as integer)]),
        js_number('quantity', '1'),
        js_number('unit_price', money(share, digits)),
        js_number('amount', money(share, digits)),
        js('currency', currency),
        js('period_start', cast(issue_date as varchar)),
        js('period_end', strftime(issue_date + to_months(1), '%Y-%m-%d'))
    ) || '}' as line
from (
    select
        counted.*,
        k,
        case when k = 1 then net - (line_count - 1) * (net // line_count) else net // line_count
        end as share
    from counted
    cross join range(1, 4) as t (k)
    where k <= line_count
);

create view gateway_row as
select
    gtx.gateway,
    gtx.tx_id as transaction_id,
    gtx.type,
    gtx.status,
    gtx.payment_id,
    customer.customer_id,
    customer.legal_name as customer_name,
    case
        when gtx.type <> 'charge' then null
        when gtx.case_class = 'card_missing_reference' then null
        when gtx.case_class = 'card_invoice_id' then inv.invoice_id
        when gtx.case_class = 'card_dirty_reference' then case draw('card dirty', gtx.pid, 4)
            when 0 then lower(inv.invoice_number)
            when 1 then substr(inv.invoice_number, 5)
            when 2 then replace(inv.invoice_number, '-', ' ')
            else 'order for ' || lower(inv.invoice_number)
        end
        when gtx.case_class = 'card_wrong_reference' then quoted.invoice_number
        else inv.invoice_number
    end as invoice_reference,
    case gtx.type when 'charge' then 'Card payment' else gtx.type end as description,
    gtx.amount,
    gtx.fee,
    gtx.amount - gtx.fee as net,
    gtx.currency,
    gtx.digits,
    gtx.created_at,
    case when gtx.status = 'succeeded' then cast(gtx.created_at as date) + 2 end as available_on,
    payout.payout_id,
    gtx.related_tx
from gtx
left join customer on gtx.n = customer.n
left join inv on gtx.i = inv.i
left join misquote on gtx.pid = misquote.pid
left join inv as quoted on misquote.i = quoted.i
left join bucket_map
    on
        gtx.gateway = bucket_map.gateway
        and gtx.currency = bucket_map.currency
        and gtx.payout_bucket = bucket_map.bucket_date
left join payout
    on
        gtx.gateway = payout.gateway
        and gtx.currency = payout.currency
        and bucket_map.payout_date = payout.payout_date;

create view gateway_file as
select
    gateway || '_' || period_of(created_at) || '.jsonl' as file,
    created_at as o1,
    transaction_id as o2,
    '{' || concat_ws(
        ',', js('gateway', gateway), js('transaction_id', transaction_id), js('type', type),
        js('status', status), js('payment_id', payment_id), js('customer_id', customer_id),
        js('customer_name', customer_name), js('invoice_reference', invoice_reference),
        js('description', description),
        js_number('amount', money(amount, digits)),
        js_number('fee_amount', money(fee, digits)),
        js_number('net_amount', money(net, digits)),
        js('currency', currency), js('created_at', iso(created_at)),
        js('available_on', cast(available_on as varchar)), js('payout_id', payout_id),
        js('related_transaction_id', related_tx)
    ) || '}' as line
from gateway_row
where gateway = 'cardwave'
union all
select file, o1, bad_key, line from bad_line where feed = 'gateway_transactions';

create view payout_file as
with payouts as (
    select *, payout_id as id, 0 as extra from payout
    union all
    select *, 'po_' || token('failed payout', payout_id, 20), 1 from payout
    where fault = 'payout_failed'
)
select
    'payouts_' || period_of(payout_date) || '.csv' as file,
    cast(payout_date as timestamp) as o1,
    id as o2,
    concat_ws(
        ',', gateway, id, money(amount, digits), currency,
        iso(cast(payout_date as timestamp) + to_hours(case extra when 1 then -22 else 2 end)),
        cast(arrival_date as varchar),
        case extra when 1 then '' else bank_reference end,
        case
            when extra = 1 then 'failed'
            when arrival_date <= getvariable('end_date') then 'paid'
            else 'pending'
        end
    ) as line,
    id,
    extra,
    gateway,
    fault
from payouts;

create view account_file as
select
    'accounts_' || period_of(booking_date) || '.csv' as file,
    cast(booking_date as timestamp) as o1,
    bank_line.account_code || format('{:09d}', bank_line.seq) as o2,
    concat_ws(
        ',', own_account.account_id, bank_line.entry_id,
        cast(bank_line.booking_date as varchar), cast(bank_line.value_date as varchar),
        money(bank_line.amount, own_account.digits), own_account.currency, csv(bank_line.name),
        coalesce(bank_line.account, ''), csv(bank_line.text), coalesce(bank_line.end_to_end_id, ''),
        case when bank_line.amount < 0 then 'DEBIT' else 'CREDIT' end, '',
        coalesce(bank_line.original_amount, ''), coalesce(bank_line.original_currency, '')
    ) as line
from bank_line
inner join own_account on bank_line.account_code = own_account.code
where own_account.form = 'csv'
union all
select file, o1, bad_key, line from bad_line where feed = 'bank_transactions';

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
