-- Billing documents as they are landed: versions, copies, credit memos, rows delivered again.

create table duplicate as
select
    inv.i,
    inv.fate_kind as kind,
    'in_' || token('duplicate', inv.i, 16) as duplicate_invoice_id,
    inv.invoice_id as original_invoice_id,
    case inv.fate_kind
        when 'duplicate_reissued' then inv.invoice_number || '-A'
        else format(
            'INV-{}-{:06d}',
            year(inv.issue_date),
            (
                select count(*) from inv as others
                where year(others.issue_date) = year(inv.issue_date)
            )
            + row_number() over (
                partition by year(inv.issue_date), inv.fate_kind order by inv.issued_at, inv.i
            )
        )
    end as invoice_number,
    inv.issued_at + case inv.fate_kind
        when 'duplicate_reissued' then to_hours(cast(20 + draw('again', inv.i, 48) as integer))
        else to_minutes(cast(1 + draw('again', inv.i, 90) as integer))
    end as issued_at,
    case inv.fate_kind
        when 'duplicate_reissued' then 'key-' || token('idempotency again', inv.i, 20)
        else inv.idempotency_key
    end as idempotency_key
from (
    select inv.*, marked.mark as fate_kind
    from inv inner join marked on inv.i = marked.i
    where marked.mark in ('duplicate_same_key', 'duplicate_reissued')
) as inv;

create table memo as
select
    inv.i,
    'cm_' || token('memo', inv.i, 16) as memo_id,
    inv.fate,
    case inv.fate
        when 'credit_full' then inv.total
        when 'credit_partial' then inv.total - leg.amount
        when 'credit_loose' then inv.total - leg.amount
        else -back.amount
    end as amount,
    case
        when inv.fate in ('credit_full', 'credit_partial', 'credit_loose')
            then inv.issued_at + to_hours(case inv.channel when 'card' then 1 else 15 end)
        else back.created_at - to_minutes(30)
    end as issued_at
from (
    select * from inv
    where
        fate in (
            'credit_full', 'credit_partial', 'credit_loose', 'card_refund_memo',
            'card_partial_refund'
        )
) as inv
left join (
    select i, amount from leg where case_class in ('credit_partial', 'credit_loose')
) as leg on inv.i = leg.i
left join (select i, amount, created_at from gtx where type = 'refund') as back on inv.i = back.i;

alter table memo add column memo_number varchar;
update memo set memo_number = numbered.memo_number
from (
    select i, format('CM-{}-{:06d}', year(issued_at), row_number() over (
        partition by year(issued_at) order by issued_at, i
    )) as memo_number
    from memo
) as numbered
where memo.i = numbered.i;

create table bill as
with first_versions as (
    select
        inv.*,
        coalesce(marked.mark, '') as mark
    from inv
    left join marked on inv.i = marked.i
)
select
    i,
    1 as version,
    'invoice' as role,
    invoice_id,
    invoice_number,
    'invoice' as document_type,
    n,
    issued_at,
    due_date,
    currency,
    digits,
    total + case mark when 'corrected_invoice' then 100 else 0 end as total,
    tax,
    case status when 'void' then 'open' else status end as status,
    cast(null as varchar) as related_invoice_id,
    purchase_order_number,
    payment_terms,
    withholding_rate,
    idempotency_key,
    issued_at as updated_at,
    period_of(issued_at) as file_month
from first_versions
union all
select
    i, 2, case status when 'void' then 'void' else 'correction' end, invoice_id, invoice_number,
    'invoice', n, issued_at, due_date, currency, digits, total, tax, status, null,
    purchase_order_number, payment_terms, withholding_rate, idempotency_key,
    issued_at + to_hours(30), period_of(issued_at + to_hours(30))
from first_versions
where status = 'void' or mark = 'corrected_invoice'
union all
select
    inv.i, 1, 'duplicate', duplicate.duplicate_invoice_id, duplicate.invoice_number, 'invoice',
    inv.n, duplicate.issued_at, inv.due_date, inv.currency, inv.digits, inv.total, inv.tax,
    'open', null, inv.purchase_order_number, inv.payment_terms, inv.withholding_rate,
    duplicate.idempotency_key, duplicate.issued_at, period_of(duplicate.issued_at)
from duplicate
inner join inv on duplicate.i = inv.i
union all
select
    inv.i, 1, 'memo', memo.memo_id, memo.memo_number, 'credit_memo', inv.n, memo.issued_at, null,
    inv.currency, inv.digits, memo.amount, null, 'open',
    case when memo.fate <> 'credit_loose' then inv.invoice_id end,
    inv.purchase_order_number, null, null, 'key-' || token('memo key', inv.i, 20),
    memo.issued_at, period_of(memo.issued_at)
from memo
inner join inv on memo.i = inv.i
union all
-- the same row again, a month later
select
    i, 1, 'redelivered', invoice_id, invoice_number, 'invoice', n, issued_at, due_date, currency,
    digits, total, tax, status, null, purchase_order_number, payment_terms, withholding_rate,
    idempotency_key, issued_at, period_of(cast(issued_at as date) + to_months(1))
from first_versions
where mark = 'redelivered_row';

create view bill_text as
select
    bill.*,
    concat_ws(
        ',',
        bill.invoice_id, bill.invoice_number, bill.document_type, customer.customer_id,
        iso(bill.issued_at), coalesce(cast(bill.due_date as varchar), ''), bill.currency,
        money(bill.total, bill.digits),
        coalesce(money(bill.tax, bill.digits), ''), bill.status,
        coalesce(bill.related_invoice_id, ''), coalesce(bill.purchase_order_number, ''),
        coalesce(bill.payment_terms, ''), coalesce(bill.withholding_rate, ''),
        coalesce(bill.idempotency_key, ''), 'billing', iso(bill.updated_at)
    ) as line
from bill
inner join customer on bill.n = customer.n;
