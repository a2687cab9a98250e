-- The numbers of documents as they are now. What a number meant in an earlier version is not even
-- the nearest reading of what somebody writes: a warehouse built anew would not know of it. Who
-- quotes the number of a copy pays the original.
with

items as (
    select *
    from {{ ref('int_items') }}
    where side = 'expected'
),

current_numbers as (
    select numbers.*
    from {{ ref('int_item_numbers') }} as numbers
    inner join items
        on
            numbers.item_key = items.item_key
            and numbers.row_hash = items.row_hash
),

copies as (
    select
        copied_items.item_key,
        original_items.item_key as original_key,
        original_items.row_hash as original_hash
    from {{ ref('int_invoices__duplicates') }} as duplicates
    inner join items as copied_items
        on
            {{ item_id(['duplicates.invoice_id']) }} = copied_items.item_id
            and copied_items.reconciliation = 'invoice_to_receipt'
            and copied_items.set_aside_reason = 'duplicate'
    inner join items as original_items
        on
            {{ item_id(['duplicates.original_invoice_id']) }} = original_items.item_id
            and original_items.reconciliation = 'invoice_to_receipt'
            and copied_items.item_type = original_items.item_type
),

numbers as (
    select * from current_numbers
    union all
    select
        current_numbers.reconciliation,
        copies.original_key as item_key,
        copies.original_hash as row_hash,
        current_numbers.number_value,
        current_numbers.party_digits,
        current_numbers.reading_steps,
        current_numbers.strength
    from current_numbers
    inner join copies
        on current_numbers.item_key = copies.item_key
),

merged as (
    select
        numbers.reconciliation,
        numbers.item_key,
        numbers.row_hash,
        numbers.number_value,
        min(numbers.party_digits) as party_digits,
        min(numbers.reading_steps) as reading_steps,
        min(numbers.strength) as strength
    from numbers
    group by
        numbers.reconciliation, numbers.item_key, numbers.row_hash, numbers.number_value
),

final as (
    select
        merged.*,
        {{ form_of('merged.number_value') }} as form
    from merged
)

select * from final
