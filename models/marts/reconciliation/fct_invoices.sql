-- Documents keep their own positive sign here; in fct_items a credit memo is negative.
with

invoices as (
    select *
    from {{ ref('stg_billing__invoices') }}
    where issued_at <= {{ as_of() }}
),

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where reconciliation = 'invoice_to_receipt' and side = 'expected'
),

live_allocations as (
    select
        allocations.*,
        matches.decided_at
    from {{ ref('int_match_allocations') }} as allocations
    inner join {{ ref('int_matches__decided') }} as matches
        on allocations.match_id = matches.match_id
    where matches.is_live and allocations.reconciliation = 'invoice_to_receipt'
),

receipts as (select * from {{ ref('fct_receipts') }}),

-- what the payer's bank took back is no refund of ours
returns as (
    select
        bank_returns.*,
        'bank_transaction' as item_type
    from {{ ref('int_bank_transactions__returns') }} as bank_returns
),

-- the cash side of each match, netted: what came, what went back, how much of it a bank has seen
match_cash as (
    select
        live_allocations.match_id,
        count(*) as receipt_count,
        count(receipts.settled_at) as settled_count,
        max(receipts.settled_at) as last_settled_at,
        sum(live_allocations.match_amount) as net_cash,
        sum(
            case when live_allocations.item_type = 'refund' then 1 else 0 end
            + case
                when
                    live_allocations.item_type = 'bank_transaction'
                    and live_allocations.allocated_amount < {{ zero() }}
                    and returns.item_id is null
                    then 1
                else 0
            end
        ) as refund_count,
        sum(
            case
                when live_allocations.item_type in ('chargeback', 'chargeback_reversal')
                    then live_allocations.allocated_amount + live_allocations.adjusted_amount
                else {{ zero() }}
            end
        ) as disputed_amount
    from live_allocations
    left join receipts
        on
            live_allocations.item_type = receipts.item_type
            and live_allocations.item_id = receipts.item_id
    left join returns
        on
            live_allocations.item_type = returns.item_type
            and live_allocations.item_id = returns.item_id
    where
        live_allocations.side = 'actual'
        -- a payment of which a credit memo has left nothing to cover is in the match, and not in it
        and (
            live_allocations.allocated_amount <> {{ zero() }}
            or live_allocations.adjusted_amount <> {{ zero() }}
        )
    group by live_allocations.match_id
),

invoice_matches as (
    select
        live_allocations.item_type,
        live_allocations.item_id,
        sum(live_allocations.allocated_amount) as allocated_amount,
        sum(live_allocations.adjusted_amount) as adjusted_amount,
        sum(
            case
                when live_allocations.adjustment_kind = 'write_off'
                    then live_allocations.adjusted_amount
                else {{ zero() }}
            end
        ) as written_off_amount,
        min(live_allocations.decided_at) as first_matched_at,
        max(live_allocations.decided_at) as last_matched_at,
        coalesce(sum(match_cash.receipt_count), 0) as receipt_count,
        coalesce(sum(match_cash.settled_count), 0) as settled_count,
        max(match_cash.last_settled_at) as last_settled_at,
        coalesce(sum(match_cash.net_cash), {{ zero() }}) as net_cash,
        coalesce(sum(match_cash.refund_count), 0) as refund_count,
        coalesce(sum(match_cash.disputed_amount), {{ zero() }}) as disputed_amount
    from live_allocations
    left join match_cash
        on live_allocations.match_id = match_cash.match_id
    where live_allocations.side = 'expected'
    group by live_allocations.item_type, live_allocations.item_id
),

balanced as (
    select
        invoices.*,
        coalesce(invoices.due_date, cast(invoices.issued_at as date)) as effective_due_date,
        items.set_aside_reason,
        coalesce(items.is_in_review, false) as is_in_review,
        case when invoices.document_type = 'credit_memo' then -1 else 1 end
        * coalesce(invoice_matches.allocated_amount, {{ zero() }}) as matched_amount,
        case when invoices.document_type = 'credit_memo' then -1 else 1 end
        * coalesce(invoice_matches.adjusted_amount, {{ zero() }}) as adjusted_amount,
        coalesce(invoice_matches.written_off_amount, {{ zero() }}) as written_off_amount,
        invoice_matches.first_matched_at,
        invoice_matches.last_matched_at,
        coalesce(invoice_matches.receipt_count, 0) as receipt_count,
        coalesce(invoice_matches.receipt_count = invoice_matches.settled_count, true)
            as is_all_cash_banked,
        invoice_matches.last_settled_at,
        coalesce(invoice_matches.net_cash, {{ zero() }}) as net_cash,
        coalesce(invoice_matches.refund_count, 0) as refund_count,
        coalesce(invoice_matches.disputed_amount, {{ zero() }}) as disputed_amount
    from invoices
    left join items
        on
            invoices.document_type = items.item_type
            and {{ item_id(['invoices.invoice_id']) }} = items.item_id
    left join invoice_matches
        on
            invoices.document_type = invoice_matches.item_type
            and {{ item_id(['invoices.invoice_id']) }} = invoice_matches.item_id
),

opened as (
    select
        balanced.*,
        balanced.total_amount - balanced.matched_amount - balanced.adjusted_amount as open_amount
    from balanced
),

decided as (
    select
        opened.*,
        case
            when opened.status in ('draft', 'void') then opened.status
            when opened.set_aside_reason in ('draft', 'void', 'duplicate')
                then opened.set_aside_reason
            when opened.open_amount = {{ zero() }} and opened.written_off_amount <> {{ zero() }}
                then 'written_off'
            when opened.disputed_amount < {{ zero() }} then 'disputed'
            when opened.refund_count > 0 and opened.net_cash = {{ zero() }} then 'refunded'
            when
                opened.open_amount = {{ zero() }}
                and opened.receipt_count = 0
                and opened.matched_amount <> {{ zero() }}
                then 'credited'
            when opened.open_amount = {{ zero() }} and opened.is_all_cash_banked then 'settled'
            when opened.open_amount = {{ zero() }} then 'matched'
            when opened.is_in_review then 'in_review'
            when opened.open_amount <> opened.total_amount then 'partially_matched'
            else 'open'
        end as reconciliation_status
    from opened
),

-- a document of zero is closed from its issue; nothing that is open is closed at any time
timed as (
    select
        decided.*,
        case
            when decided.reconciliation_status in ('draft', 'void', 'duplicate') then null
            when decided.open_amount = {{ zero() }}
                then coalesce(decided.last_matched_at, decided.issued_at)
        end as matched_at
    from decided
),

final as (
    select
        timed.invoice_id,
        timed.invoice_number,
        timed.document_type,
        timed.customer_id,
        timed.issued_at,
        timed.due_date,
        timed.currency,
        timed.total_amount,
        cast(timed.matched_amount as {{ amount_type() }}) as matched_amount,
        cast(timed.adjusted_amount as {{ amount_type() }}) as adjusted_amount,
        cast(timed.open_amount as {{ amount_type() }}) as open_amount,
        timed.reconciliation_status,
        timed.first_matched_at,
        timed.matched_at,
        case
            when timed.matched_at is null or not timed.is_all_cash_banked then null
            when timed.receipt_count > 0 then timed.last_settled_at
            when timed.reconciliation_status = 'settled' then timed.matched_at
        end as settled_at,
        {{ hours_between('timed.issued_at', 'timed.matched_at') }} as hours_to_match,
        case
            when
                timed.document_type = 'invoice'
                and timed.reconciliation_status not in ('draft', 'void', 'duplicate')
                and timed.open_amount > {{ zero() }}
                and timed.effective_due_date < {{ as_of_date() }}
                then {{ days_between('timed.effective_due_date', as_of_date()) }}
            else 0
        end as days_overdue,
        timed.related_invoice_id,
        timed._batch_id as source_batch_id
    from timed
)

select * from final
