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
        when gtx.case_class in ('card_missing_reference', 'card_on_issue') then null
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
        case
            when bank_line.return_reason is not null then 'RRTN'
            when bank_line.amount < 0 then 'DEBIT'
            else 'CREDIT'
        end, '',
        coalesce(bank_line.original_amount, ''), coalesce(bank_line.original_currency, '')
    ) as line
from bank_line
inner join own_account on bank_line.account_code = own_account.code
where own_account.form = 'csv'
union all
select file, o1, bad_key, line from bad_line where feed = 'bank_transactions';

-- Lines of the camt account told again by an export of the bank's portal, under ids of its own and
-- without balances: nobody can prove that they are no second money.
create table portal_copy as
select
    bank_line.*,
    'P' || format('{:07d}', bank_line.seq) as portal_id
from bank_line
where
    account_code = 'E' and kind = 'receipt' and case_class = 'transfer_reference' and batch is null
    and week = getvariable('overlap_week') + 1
    and booking_date > getvariable('start_date') + cast(week * 7 as integer)
order by draw('portal', lid, 1000000000), lid
limit 4;

create view portal_file as
select
    'portal_export.csv' as file,
    cast(portal_copy.booking_date as timestamp) as o1,
    portal_copy.portal_id as o2,
    concat_ws(
        ',', own_account.account_id, portal_copy.portal_id,
        cast(portal_copy.booking_date as varchar), cast(portal_copy.value_date as varchar),
        money(portal_copy.amount, own_account.digits), own_account.currency, csv(portal_copy.name),
        coalesce(portal_copy.account, ''), csv(portal_copy.text), '', 'CREDIT', '', '', ''
    ) as line
from portal_copy
inner join own_account on portal_copy.account_code = own_account.code;
