{{ config(materialized='view') }}

-- What each bank line says as it is now: of its readings, those of its current texts.
with

final as (
    select
        readings.item_id,
        readings.mention_source,
        readings.mention_value,
        readings.mention_digits,
        readings.reading_steps,
        readings.beside_digits
    from {{ ref('int_bank_transactions__readings') }} as readings
    inner join {{ ref('int_bank_transactions__booked') }} as booked
        on
            readings.item_id = booked.item_id
            and readings.text_hash = booked.text_hash
    where booked.role = 'item'
)

select * from final
