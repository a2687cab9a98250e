{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail'
) }}

-- The numbers by which an expected item can be quoted. Only new versions of documents are read;
-- those of earlier versions stay, and are told apart by their row hash.
with

invoices as (
    select *
    from {{ ref('stg_billing__invoices') }}
    {% if is_incremental() %}
    where _row_hash not in (select known.row_hash from {{ this }} as known)
    {% endif %}
),

payouts as (
    select
        stg_gateway__payouts.*,
        {{ item_id(['gateway', 'payout_id']) }} as item_id
    from {{ ref('stg_gateway__payouts') }} as stg_gateway__payouts
    {% if is_incremental() %}
    where _row_hash not in (select known.row_hash from {{ this }} as known)
    {% endif %}
),

numbers as (
    select
        'invoice_to_receipt' as reconciliation,
        invoices.document_type || '|' || {{ item_id(['invoices.invoice_id']) }} as claim_key,
        invoices._row_hash as row_hash,
        'number' as number_kind,
        invoices.invoice_number as number_text
    from invoices
    union all
    select
        'invoice_to_receipt' as reconciliation,
        invoices.document_type || '|' || {{ item_id(['invoices.invoice_id']) }} as claim_key,
        invoices._row_hash as row_hash,
        'id' as number_kind,
        invoices.invoice_id as number_text
    from invoices
    union all
    -- INV-2026-0042 is often quoted as 2026 0042
    select
        'invoice_to_receipt' as reconciliation,
        invoices.document_type || '|' || {{ item_id(['invoices.invoice_id']) }} as claim_key,
        invoices._row_hash as row_hash,
        'digits' as number_kind,
        {{ regex_extract(compact_upper('invoices.invoice_number'), '^[A-Z]+([0-9]+)$', 1) }}
            as number_text
    from invoices
    union all
    select
        'payout_to_bank' as reconciliation,
        'payout|' || payouts.item_id as claim_key,
        payouts._row_hash as row_hash,
        'number' as number_kind,
        payouts.bank_reference as number_text
    from payouts
    union all
    select
        'payout_to_bank' as reconciliation,
        'payout|' || payouts.item_id as claim_key,
        payouts._row_hash as row_hash,
        'id' as number_kind,
        payouts.payout_id as number_text
    from payouts
),

keyed as (
    select
        numbers.reconciliation,
        numbers.reconciliation || '|' || numbers.claim_key as item_key,
        numbers.row_hash,
        numbers.number_kind,
        {{ number_key('numbers.number_text') }} as number_value
    from numbers
    where numbers.number_text is not null
),

final as (
    select
        keyed.reconciliation,
        keyed.item_key,
        keyed.row_hash,
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
    where keyed.number_value is not null and length(keyed.number_value) >= 2
    group by keyed.reconciliation, keyed.item_key, keyed.row_hash, keyed.number_value
)

select * from final
