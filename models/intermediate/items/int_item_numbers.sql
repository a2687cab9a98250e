-- The numbers by which an expected item can be quoted, version by version of its document.
with

invoices as (
    select *
    from {{ ref('stg_billing__invoices') }}
),

payouts as (
    select
        stg_gateway__payouts.*,
        {{ item_id(['gateway', 'payout_id']) }} as item_id
    from {{ ref('stg_gateway__payouts') }} as stg_gateway__payouts
),

bills as (
    select *
    from {{ ref('int_vendor_invoices__summed') }}
),

numbers as (
    select
        'invoice_to_receipt' as reconciliation,
        invoices.document_type || '|' || {{ item_id(['invoices.invoice_id']) }} as claim_key,
        invoices._row_hash as row_hash,
        {{ party_digits('invoices.customer_id') }} as party_digits,
        'number' as number_kind,
        invoices.invoice_number as number_text
    from invoices
    union all
    select
        'invoice_to_receipt' as reconciliation,
        invoices.document_type || '|' || {{ item_id(['invoices.invoice_id']) }} as claim_key,
        invoices._row_hash as row_hash,
        {{ party_digits('invoices.customer_id') }} as party_digits,
        'id' as number_kind,
        invoices.invoice_id as number_text
    from invoices
    union all
    select
        'payout_to_bank' as reconciliation,
        'payout|' || payouts.item_id as claim_key,
        payouts._row_hash as row_hash,
        cast(null as {{ dbt.type_string() }}) as party_digits,
        'payout' as number_kind,
        payouts.bank_reference as number_text
    from payouts
    union all
    select
        'payout_to_bank' as reconciliation,
        'payout|' || payouts.item_id as claim_key,
        payouts._row_hash as row_hash,
        cast(null as {{ dbt.type_string() }}) as party_digits,
        'payout' as number_kind,
        payouts.payout_id as number_text
    from payouts
    union all
    select
        'bill_to_payment' as reconciliation,
        'vendor_invoice|' || bills.item_id as claim_key,
        bills._row_hash as row_hash,
        {{ party_digits('bills.vendor_id') }} as party_digits,
        'number' as number_kind,
        bills.vendor_invoice_number as number_text
    from bills
    union all
    select
        'bill_to_payment' as reconciliation,
        'vendor_invoice|' || bills.item_id as claim_key,
        bills._row_hash as row_hash,
        {{ party_digits('bills.vendor_id') }} as party_digits,
        'id' as number_kind,
        bills.vendor_invoice_id as number_text
    from bills
),

spaced as (
    select
        numbers.*,
        numbers.reconciliation || '|' || numbers.claim_key as item_key,
        trim({{ spaced_upper('numbers.number_text') }}) as words
    from numbers
    where numbers.number_text is not null
),

grouped as (
    select
        spaced.*,
        replace(spaced.words, ' ', '') as compact,
        case when spaced.number_kind = 'number' then {{ groups_of('spaced.words') }} end as groups
    from spaced
),

-- a number is quoted as it is, without the zeros that fill its groups up, and without its prefix
keyed as (
    select
        grouped.*,
        {{ without_leading_zeros('grouped.compact') }} as number_value,
        0 as reading_steps
    from grouped
    union all
    select
        grouped.*,
        grouped.groups as number_value,
        0 as reading_steps
    from grouped
    where grouped.groups like '%.%'
    union all
    -- INV-2026-0042 is often quoted as 2026 0042
    select
        grouped.*,
        trim(leading '0' from {{ regex_extract('grouped.compact', '^[A-Z]+([0-9]+)$', 1) }})
            as number_value,
        2 as reading_steps
    from grouped
    where grouped.number_kind = 'number'
    union all
    select
        grouped.*,
        {{ regex_extract('grouped.groups', '^[A-Z]+[.]([0-9.]+)$', 1) }} as number_value,
        3 as reading_steps
    from grouped
    where grouped.groups like '%.%.%'
),

final as (
    select
        keyed.reconciliation,
        keyed.item_key,
        keyed.row_hash,
        keyed.number_value,
        min(keyed.party_digits) as party_digits,
        min(keyed.reading_steps) as reading_steps,
        -- four digits can be a year, an amount or a street number, eight can be a day, and groups
        -- without their zeros a month or a number of the payer's own, a few letters a word: weak
        -- evidence
        min(
            case
                when {{ regex_matches('keyed.number_value', '^([0-9]{1,4}|[A-Z]{1,7})$') }}
                    then 'weak'
                when {{ regex_matches('keyed.number_value', '^[0-9]+[.][0-9.]+$') }} then 'weak'
                when {{ is_date_like('keyed.number_value') }} then 'weak'
                else 'strong'
            end
        ) as strength
    from keyed
    where keyed.number_value is not null and length(keyed.number_value) >= 2
    group by keyed.reconciliation, keyed.item_key, keyed.row_hash, keyed.number_value
)

select * from final
