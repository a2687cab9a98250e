-- Bills: the lines of one vendor invoice in one currency, summed. A total below zero is a credit
-- note.
with

lines as (
    select *
    from {{ ref('stg_procurement__vendor_invoices') }}
    where invoice_date <= {{ as_of_date() }}
),

bills as (
    select
        lines.vendor_invoice_id,
        min(lines.currency) < max(lines.currency) as has_several_currencies,
        -- who is owed is not known where the lines disagree
        case when min(lines.vendor_id) = max(lines.vendor_id) then min(lines.vendor_id) end
            as vendor_id,
        min(lines.vendor_invoice_number) as vendor_invoice_number,
        min(lines.invoice_date) as invoice_date
    from lines
    group by lines.vendor_invoice_id
),

final as (
    select
        case
            when bills.has_several_currencies
                then {{ item_id(['bills.vendor_invoice_id', 'lines.currency']) }}
            else {{ item_id(['bills.vendor_invoice_id']) }}
        end as item_id,
        bills.vendor_invoice_id,
        bills.vendor_id,
        bills.vendor_invoice_number,
        bills.invoice_date,
        lines.currency,
        cast(sum(lines.amount) as {{ amount_type() }}) as total_amount,
        min_by(lines._batch_id, lines.line_id) as _batch_id,
        case
            when count(*) = 1 then min(lines._row_hash)
            else {{ sha256_hex(sorted_text_agg('lines._row_hash')) }}
        end as _row_hash
    from lines
    inner join bills
        on lines.vendor_invoice_id = bills.vendor_invoice_id
    group by
        bills.has_several_currencies,
        bills.vendor_invoice_id,
        bills.vendor_id,
        bills.vendor_invoice_number,
        bills.invoice_date,
        lines.currency
)

select * from final
