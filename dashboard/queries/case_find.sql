-- Open items of a reconciliation and currency by number, amount, bank text, name, id; first 12.
with items as (
    select
        fct_items.*,
        dim_customers.legal_name as customer
    from marts.fct_items
    left join marts.dim_customers
        on fct_items.party_id = dim_customers.customer_id
    where
        fct_items.reconciliation = $reconciliation
        and fct_items.currency = $currency
        and fct_items.status in ('open', 'partial', 'in_review')
        and fct_items.open_amount <> 0
        and (
            list_contains(cast($amounts as decimal(38, 10) []), abs(fct_items.amount))
            or list_contains(cast($amounts as decimal(38, 10) []), abs(fct_items.open_amount))
            or len(
                list_filter(
                    cast($words as varchar []),
                    lambda word: not contains(
                        lower(
                            concat_ws(
                                ' ',
                                fct_items.item_id,
                                fct_items.document_number,
                                fct_items.memo,
                                fct_items.party_id,
                                dim_customers.legal_name
                            )
                        ),
                        word
                    )
                )
            ) = 0
        )
    order by fct_items.event_date, fct_items.item_type, fct_items.item_id
    limit 12
),

invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.invoice_number,
        fct_invoices.due_date
    from marts.fct_invoices
    where fct_invoices.invoice_id in (select items.item_id from items)
)

select
    items.side,
    items.item_type,
    items.item_id,
    coalesce(invoices.invoice_number, items.document_number) as document_number,
    items.memo,
    items.customer,
    items.event_date,
    invoices.due_date,
    items.currency,
    items.amount,
    items.open_amount,
    items.status
from items
left join invoices
    on
        items.item_type in ('invoice', 'credit_memo')
        and items.item_id = invoices.invoice_id
order by items.event_date, items.item_type, items.item_id
