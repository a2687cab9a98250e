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

-- most documents have no copy, and their numbers are told apart already
quoted_originals as {{ materialized() }} (
    select distinct copies.original_key as item_key
    from copies
),

numbers_of_copied as (
    select current_numbers.*
    from current_numbers
    inner join quoted_originals
        on current_numbers.item_key = quoted_originals.item_key
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
    select current_numbers.*
    from current_numbers
    left join quoted_originals
        on current_numbers.item_key = quoted_originals.item_key
    where quoted_originals.item_key is null
    union all
    select
        numbers_of_copied.reconciliation,
        numbers_of_copied.item_key,
        numbers_of_copied.row_hash,
        numbers_of_copied.number_value,
        min(numbers_of_copied.party_digits) as party_digits,
        min(numbers_of_copied.reading_steps) as reading_steps,
        min(numbers_of_copied.strength) as strength
    from numbers_of_copied
    group by
        numbers_of_copied.reconciliation,
        numbers_of_copied.item_key,
        numbers_of_copied.row_hash,
        numbers_of_copied.number_value
),

final as (
    select
        merged.*,
        {{ form_of('merged.number_value') }} as form
    from merged
)

select * from final
