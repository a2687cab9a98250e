-- What really belongs together, and what was planted.

create macro item_part(value) as replace(replace(value, '%', '%25'), '/', '%2F');

-- Minor units to a decimal (a cast of text to so wide a decimal takes 30 µs a value).
create macro major(minor, digits) as case digits
    when 0 then cast(minor as decimal(38, 10))
    when 3 then cast(minor * 0.001 as decimal(38, 10))
    else cast(minor * 0.01 as decimal(38, 10))
end;

create table bank_item as
select
    bank_line.*,
    item_part(own_account.account_id) || '/' || item_part(bank_line.entry_id) as item_id,
    own_account.currency,
    own_account.digits
from bank_line
inner join own_account on bank_line.account_code = own_account.code;

-- is an amount the only one of its customer?
create table sure as
select
    i,
    count(*) over (partition by n, currency, total) = 1 as is_only_amount
from inv
where status = 'open';

create table back as
select case_id, cast(sum(amount) as bigint) as amount
from gtx
where type in ('refund', 'chargeback', 'chargeback_reversal')
group by case_id;

-- what cash covered; a charge that has not succeeded covers nothing
create table covered as
select leg.pid, leg.case_id, leg_item.i, leg_item.amount
from leg
inner join leg_item on leg.pid = leg_item.pid
left join (
    select pid from gtx where type = 'charge' and status = 'succeeded'
) as charge on leg.pid = charge.pid
where leg.channel = 'transfer' or charge.pid is not null;

create table truth_match as
with cases as (
    select
        leg.case_id,
        min(leg.case_class) as case_class,
        bool_and(case
            when leg.case_class in (
                'transfer_missing_reference', 'card_missing_reference', 'reference_typo',
                'number_transposed', 'number_truncated', 'number_old_paid', 'payer_spelled',
                'customer_number', 'fx_original'
            ) then coalesce(sure.is_only_amount, false)
            when leg.case_class in ('lump_none', 'lump_named_part')
                then coalesce(lump.certain, false)
            else leg.case_class not in ('twin_payment', 'wrong_reference', 'card_wrong_reference')
        end) as certain
    from leg
    left join sure on leg.i = sure.i
    left join (select group_id, bool_and(certain) as certain from lump group by group_id) as lump
        on leg.case_id = lump.group_id
    group by leg.case_id
),
by_invoice as (
    select case_id, i, cast(sum(amount) as bigint) as amount from covered group by case_id, i
),
by_payment as (
    select case_id, pid, cast(sum(amount) as bigint) as amount from covered group by case_id, pid
),
rows as (
    select
        by_invoice.case_id, 'expected' as side, 'invoice' as item_type, inv.invoice_id as item_id,
        -- net of money that went back, with a credit memo in full again
        by_invoice.amount + coalesce(back.amount, 0) + coalesce(memo.amount, 0) as amount,
        inv.currency, inv.digits
    from by_invoice
    inner join inv on by_invoice.i = inv.i
    left join back on by_invoice.case_id = back.case_id
    left join memo on by_invoice.i = memo.i
    union all
    select
        by_payment.case_id, 'actual', 'bank_transaction', bank_item.item_id,
        case when bank_item.case_class in ('fx_residual', 'fx_original') then bank_item.amount
            else by_payment.amount end,
        bank_item.currency, bank_item.digits
    from by_payment
    inner join bank_item on by_payment.pid = bank_item.pid
    union all
    select
        by_payment.case_id, 'actual', 'charge', gtx.gateway || '/' || gtx.tx_id,
        by_payment.amount, gtx.currency, gtx.digits
    from by_payment
    inner join gtx
        on by_payment.pid = gtx.pid and gtx.type = 'charge' and gtx.status = 'succeeded'
    union all
    select
        gtx.case_id, 'actual', gtx.type, gtx.gateway || '/' || gtx.tx_id, gtx.amount,
        gtx.currency, gtx.digits
    from gtx
    where gtx.type in ('refund', 'chargeback', 'chargeback_reversal')
    union all
    select
        memo.i, 'expected', 'credit_memo', memo.memo_id, -memo.amount, inv.currency, inv.digits
    from memo
    inner join inv on memo.i = inv.i
    where
        memo.fate not in ('credit_partial', 'credit_loose')
        or memo.i in (select covered.i from covered)
    union all
    select inv.i, 'expected', 'invoice', inv.invoice_id, inv.total, inv.currency, inv.digits
    from inv
    where inv.fate = 'credit_full'
),
payouts as (
    select
        'gateway_to_payout' as reconciliation, payout.payout_id as case_id, 'expected' as side,
        gtx.type as item_type, gtx.gateway || '/' || gtx.tx_id as item_id,
        gtx.amount - gtx.fee as amount, gtx.currency, gtx.digits,
        case when payout.fault = 'payout_wrong_sum' then payout.fault else 'payout_sum' end
            as case_class,
        coalesce(payout.fault, '') <> 'payout_wrong_sum' as certain
    from gtx
    inner join bucket_map
        on
            gtx.gateway = bucket_map.gateway
            and gtx.currency = bucket_map.currency
            and gtx.payout_bucket = bucket_map.bucket_date
    inner join payout
        on
            gtx.gateway = payout.gateway
            and gtx.currency = payout.currency
            and bucket_map.payout_date = payout.payout_date
    -- a payout that is still on its way takes no part yet
    where payout.arrival_date <= getvariable('end_date')
    union all
    select
        'gateway_to_payout', payout_id, 'actual', 'payout', gateway || '/' || payout_id, amount,
        currency, digits,
        case when fault = 'payout_wrong_sum' then fault else 'payout_sum' end,
        coalesce(fault, '') <> 'payout_wrong_sum'
    from payout
    where arrival_date <= getvariable('end_date')
    union all
    select
        'payout_to_bank', payout.payout_id, sides.side,
        case sides.side when 'expected' then 'payout' else 'bank_transaction' end,
        case sides.side
            when 'expected' then payout.gateway || '/' || payout.payout_id else bank_item.item_id
        end,
        payout.bank_amount, payout.currency, payout.digits, bank_item.case_class, true
    from payout
    inner join bank_item on payout.payout_id = bank_item.payout_id
    cross join (values ('expected'), ('actual')) as sides (side)
),
-- a second payment of a bill belongs to nothing, nor does one that came back
paid_bills as (
    select
        vendor_payment.k, vendor_payment.s, vendor_payment.case_class, bank_item.item_id,
        vendor_payment.amount
    from vendor_payment
    inner join bank_item
        on 'supplier ' || vendor_payment.k || '.' || vendor_payment.part = bank_item.lid
    where
        case vendor_payment.case_class
            when 'bill_paid_twice' then vendor_payment.part = 1
            when 'bill_returned' then vendor_payment.part = 2
            else true
        end
),
bills as (
    select k, sum(total) as owed from vendor_bill where part < 9 group by k
),
paid_cases as (
    select
        paid_bills.k,
        min(paid_bills.s) as s,
        min(bills.owed) as owed,
        least(sum(paid_bills.amount), min(bills.owed)) as covered,
        -- one debit has equalled the bills of this supplier that it quotes
        bool_or(paid_bills.case_class in ('bill_reference', 'bill_lump', 'bill_credit_note'))
            as teaches
    from paid_bills
    inner join bills on paid_bills.k = bills.k
    group by paid_bills.k
),
sure_bills as (
    select
        k,
        bool_or(teaches) over (partition by s) as is_payee_known,
        count(*) over (partition by s, owed) = 1 as is_only_amount
    from paid_cases
),
vendor_truth as (
    select
        vendor_bill.k, 'expected' as side, 'vendor_invoice' as item_type,
        vendor_bill.vendor_invoice_id as item_id,
        case when paid_cases.covered = paid_cases.owed then -vendor_bill.total
            else -paid_cases.covered end as amount,
        vendor_bill.case_class
    from vendor_bill
    inner join paid_cases on vendor_bill.k = paid_cases.k
    where vendor_bill.part < 9
    union all
    select
        paid_bills.k, 'actual', 'bank_transaction', paid_bills.item_id,
        -least(paid_bills.amount, paid_cases.owed), paid_bills.case_class
    from paid_bills
    inner join paid_cases on paid_bills.k = paid_cases.k
),
booked as (
    select
        bank_item.item_id as bank_id,
        ledger_line.entry_id || '/' || ledger_line.line_id as ledger_id,
        bank_item.lid, bank_item.amount, bank_item.currency, bank_item.digits,
        coalesce(ledger_fault.fault, 'booked') as case_class
    from bank_item
    inner join ledger_line on bank_item.lid = ledger_line.lid and ledger_line.line_id = '1'
    left join ledger_fault on bank_item.lid = ledger_fault.lid
    -- fees without any reference of the bank have ids that only a reader of the file can give;
    -- the second posting of a doubled one belongs to nothing
    where bank_item.entry_id is not null and not ends_with(ledger_line.entry_id, '-R')
)
select
    'invoice_to_receipt' as reconciliation,
    'invoice_to_receipt:' || abs(rows.case_id) as truth_match_id,
    rows.side,
    rows.item_type,
    rows.item_id,
    major(rows.amount, rows.digits) as amount,
    rows.currency,
    coalesce(cases.case_class, 'credit_full') as case_class,
    coalesce(cases.certain, true) as certain
from rows
left join cases on rows.case_id = cases.case_id
union all
select
    reconciliation, reconciliation || ':' || case_id, side, item_type, item_id,
    major(amount, digits), currency, case_class, certain
from payouts
union all
select
    'bill_to_payment', 'bill_to_payment:' || vendor_truth.k, side, item_type, item_id,
    major(cast(amount as bigint), 2), 'EUR', case_class,
    case
        when case_class in ('bill_reference', 'bill_lump', 'bill_credit_note', 'bill_paid_twice')
            then true
        when case_class in ('bill_entered_twice', 'bill_returned') then true
        when case_class = 'bill_missing_reference'
            then sure_bills.is_payee_known and sure_bills.is_only_amount
        else sure_bills.is_payee_known
    end
from vendor_truth
inner join sure_bills on vendor_truth.k = sure_bills.k
union all
select
    'bank_to_ledger', 'bank_to_ledger:' || booked.lid, sides.side,
    case sides.side when 'expected' then 'bank_transaction' else 'ledger_entry' end,
    case sides.side when 'expected' then booked.bank_id else booked.ledger_id end,
    major(booked.amount, booked.digits), booked.currency, booked.case_class, true
from booked
cross join (values ('expected'), ('actual')) as sides (side);

create table truth_duplicate as
select kind, duplicate_invoice_id, original_invoice_id, invoice_number from duplicate;

-- the line on which a planted row starts: the header of a CSV file is line 1
create table bad_place as
select bad_line.*, numbered.line_number
from bad_line
inner join (
    select
        'billing_invoices' as feed, file, o2,
        row_number() over (partition by file order by o1, o2) + 1 as line_number
    from invoice_lines_file
    union all
    select
        'gateway_transactions' as feed, file, o2,
        row_number() over (partition by file order by o1, o2) as line_number
    from gateway_file
    union all
    select
        'bank_transactions' as feed, file, o2,
        -- a field may hold line breaks; a row starts after all lines of the rows before it
        coalesce(cast(sum(1 + length(line) - length(replace(line, chr(10), ''))) over (
            partition by file order by o1, o2
            rows between unbounded preceding and 1 preceding
        ) as bigint), 0) + 2 as line_number
    from account_file
) as numbered
    on
        bad_line.feed = numbered.feed
        and bad_line.file = numbered.file
        and bad_line.bad_key = numbered.o2;

create table fault (
    fault varchar, feed varchar, file_name varchar, key varchar, line_number bigint,
    column_name varchar, expected_reason varchar, expected_exception varchar, is_resolved boolean
);
insert into fault
select
    'bad_row', feed, file, key, line_number, column_name, reason, 'quarantined_rows', is_resolved
from bad_place;
insert into fault (fault, feed, key, expected_exception)
select kind, 'billing_invoices', duplicate_invoice_id, 'duplicate_invoice' from duplicate
union all
select 'unknown_customer', 'billing_invoices', customer_id, 'unknown_customer'
from customer
where unlisted is not null and n in (select n from inv)
union all
select marked.mark, 'billing_invoices', inv.invoice_id, null
from marked inner join inv on marked.i = inv.i
where marked.mark in ('corrected_invoice', 'redelivered_row')
union all
select inv.fate, 'billing_invoices', inv.invoice_id, case inv.fate
    when 'instalment_missing' then 'short_payment'
    when 'short_discount' then 'short_payment'
    when 'short_withholding' then 'short_payment'
    when 'short_charges' then 'short_payment'
    when 'short_rounding' then 'short_payment'
    when 'unpaid' then 'unmatched_past_window'
    when 'fx_residual' then 'fx_residual'
    when 'returned_receipt' then 'payment_returned'
end
from inv
where inv.fate in (
    'instalments', 'instalment_missing', 'short_discount', 'short_withholding', 'short_charges',
    'short_rounding', 'unpaid', 'fx_residual', 'lump_text', 'lump_advice', 'lump_none',
    'lump_named_part', 'credit_full', 'credit_partial', 'credit_loose', 'returned_receipt'
)
union all
select leg.case_class, 'bank_transactions', bank_item.item_id, case leg.case_class
    when 'overpayment' then 'overpayment'
    when 'double_payment' then 'duplicate_payment'
end
from leg
inner join bank_item on leg.pid = bank_item.pid and bank_item.kind = 'receipt'
where
    leg.case_class in (
        'overpayment', 'third_party_payer', 'wrong_reference', 'reference_typo', 'twin_payment'
    )
    or (leg.case_class = 'double_payment' and leg.part = 2)
union all
select gtx.case_class, 'gateway_transactions', gtx.gateway || '/' || gtx.tx_id,
    case gtx.case_class
        when 'card_double_payment' then 'duplicate_payment'
        when 'card_refund_no_memo' then 'refund_without_credit'
        when 'card_chargeback' then 'chargeback'
    end
from gtx
where
    (gtx.case_class = 'card_double_payment' and gtx.part = 2 and gtx.type = 'charge')
    or (gtx.case_class = 'card_wrong_reference' and gtx.type = 'charge')
    or gtx.type in ('refund', 'chargeback', 'chargeback_reversal')
union all
select fault, 'gateway_payouts', gateway || '/' || id, null
from payout_file where fault = 'payout_failed' and extra = 1
union all
select fault, 'gateway_payouts', gateway || '/' || payout_id, case fault
    when 'payout_missing_in_bank' then 'payout_missing_in_bank'
    when 'payout_unreferenced' then null
    when 'payout_short_in_bank' then 'amount_mismatch'
    else 'payout_mismatch'
end
from payout where fault is not null and fault <> 'payout_failed'
union all
select 'unidentified_receipt', 'bank_transactions', item_id, 'unidentified_receipt'
from bank_item where kind = 'unidentified'
union all
select 'twin_fee', 'bank_transactions', null, null from bank_item where kind = 'twin_fee'
union all
select 'control_total', 'bank_transactions', account_id || '/' || statement_id,
    'control_total_mismatch'
from statement where planted_error <> 0
union all
select
    ledger_fault.fault,
    case ledger_fault.fault
        when 'missing_in_ledger' then 'bank_transactions' else 'ledger_entries'
    end,
    case ledger_fault.fault
        when 'missing_in_ledger' then bank_item.item_id
        else ledger_line.entry_id || '/' || ledger_line.line_id
    end,
    case when ledger_fault.fault <> 'ledger_unreferenced' then ledger_fault.fault end
from ledger_fault
inner join bank_item on ledger_fault.lid = bank_item.lid
left join ledger_line
    on
        ledger_fault.lid = ledger_line.lid and ledger_line.line_id = '1'
        and (ends_with(ledger_line.entry_id, '-R') or ledger_fault.fault <> 'doubled_in_ledger')
union all
select 'batch_' || batch_form, 'bank_transactions', account_id || '/' || entry_ref, null
from camt_entry where batch is not null
union all
select
    case_class, 'vendor_invoices', vendor_invoice_id, case case_class
        when 'bill_unpaid' then 'unmatched_past_window'
        when 'bill_entered_twice' then 'duplicate_invoice'
    end
from vendor_bill
where
    (case_class = 'bill_entered_twice' and part = 9)
    or (case_class = 'bill_unpaid' and invoice_date <= getvariable('end_date') - 50)
union all
select
    vendor_payment.case_class, 'bank_transactions', bank_item.item_id,
    case vendor_payment.case_class
        when 'bill_overpaid' then 'overpayment'
        when 'bill_paid_twice' then 'duplicate_payment'
        when 'supplier_unbilled' then 'unexplained_bank_line'
    end
from vendor_payment
inner join bank_item
    on 'supplier ' || vendor_payment.k || '.' || vendor_payment.part = bank_item.lid
where
    vendor_payment.case_class in ('bill_overpaid', 'supplier_unbilled')
    or (vendor_payment.case_class = 'bill_paid_twice' and vendor_payment.part = 2)
union all
select
    'copied_line', 'bank_transactions',
    item_part(own_account.account_id) || '/' || portal_copy.portal_id, 'suspected_copy'
from portal_copy
inner join own_account on portal_copy.account_code = own_account.code;
