-- What is not closed, or not wholly: open, covered in part, in review or set aside. Most of what
-- people and candidates are told reads this, and not all of history.
with

items as (select * from {{ ref('int_items__balanced') }}),

final as (
    select
        items.reconciliation,
        items.side,
        items.item_type,
        items.item_id,
        items.item_key,
        items.claim_key,
        items.anchor_item_key,
        items.party_id,
        items.family_id,
        items.party_source,
        items.group_key,
        items.event_at,
        items.event_date,
        items.currency,
        items.amount,
        items.allocated_amount,
        items.adjusted_amount,
        items.open_amount,
        items.status,
        items.set_aside_reason,
        items.is_in_review,
        items.due_date,
        items.due_for_match_at,
        items.batch_id,
        items.row_hash,
        items.feed,
        items.document_number,
        items.memo
    from items
    where items.status <> 'closed'
)

select * from final
