-- The numbers by which an expected item can be quoted.
with

invoices as (select * from {{ ref('stg_billing__invoices') }}),

payouts as (select * from {{ ref('stg_gateway__payouts') }}),

open_items as (select * from {{ ref('int_open__unmatched') }}),

numbers as (
    select
        'invoice_to_receipt|' || invoices.document_type || '|' || invoices.invoice_id as item_key,
        'number' as number_kind,
        invoices.invoice_number as number_text
    from invoices
    union all
    select
        'invoice_to_receipt|' || invoices.document_type || '|' || invoices.invoice_id as item_key,
        'id' as number_kind,
        invoices.invoice_id as number_text
    from invoices
    union all
    -- INV-2026-0042 is often quoted as 2026 0042
    select
        'invoice_to_receipt|' || invoices.document_type || '|' || invoices.invoice_id as item_key,
        'digits' as number_kind,
        {{ regex_extract(compact_upper('invoices.invoice_number'), '^[A-Z]+([0-9]+)$', 1) }}
            as number_text
    from invoices
    union all
    select
        'payout_to_bank|payout|' || {{ item_id(['payouts.gateway', 'payouts.payout_id']) }}
            as item_key,
        'number' as number_kind,
        payouts.bank_reference as number_text
    from payouts
    union all
    select
        'payout_to_bank|payout|' || {{ item_id(['payouts.gateway', 'payouts.payout_id']) }}
            as item_key,
        'id' as number_kind,
        payouts.payout_id as number_text
    from payouts
),

keyed as (
    select
        numbers.item_key,
        numbers.number_kind,
        {{ number_key('numbers.number_text') }} as number_value
    from numbers
    where numbers.number_text is not null
),

final as (
    select
        open_items.reconciliation,
        keyed.item_key,
        keyed.number_value,
        -- four digits can be a year, an amount or a street number: weak evidence
        min(
            case
                when keyed.number_kind = 'digits' and length(keyed.number_value) < 5 then 'weak'
                when {{ regex_matches('keyed.number_value', '^[0-9]{1,4}$') }} then 'weak'
                else 'strong'
            end
        ) as strength
    from keyed
    inner join open_items
        on keyed.item_key = open_items.item_key
    where keyed.number_value is not null and length(keyed.number_value) >= 2
    group by open_items.reconciliation, keyed.item_key, keyed.number_value
)

select * from final
