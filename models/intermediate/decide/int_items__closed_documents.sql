-- Invoices and bills that are closed, by each key with which somebody quotes them: their number and
-- their id.
with

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where item_type in ('invoice', 'vendor_invoice') and status = 'closed'
),

final as (
    {%- for number in ['document_number', 'item_id'] %}
    select
        items.item_key,
        items.reconciliation,
        items.item_type,
        items.item_id,
        items.party_id,
        items.currency,
        items.amount,
        {{ number_key('items.' ~ number) }} as reference_key
    from items
    where items.{{ number }} is not null
    {{ 'union' if not loop.last }}
    {%- endfor %}
)

select * from final
