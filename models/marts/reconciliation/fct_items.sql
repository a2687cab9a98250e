with

items as (select * from {{ ref('int_items__balanced') }}),

final as (
    select
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.party_id,
        items.group_key,
        items.event_date,
        items.currency,
        items.amount,
        items.allocated_amount,
        items.adjusted_amount,
        items.open_amount,
        items.status,
        items.set_aside_reason,
        items.due_for_match_at,
        items.batch_id,
        items.document_number,
        items.memo,
        items.row_hash
    from items
)

select * from final
