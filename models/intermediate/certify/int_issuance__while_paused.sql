-- Invoices that somebody issued while issuing was paused, of all or of their customer. A draft is
-- not issued, a void one is mended; a copy that is set aside went out all the same.
with

pauses as (
    select *
    from {{ ref('int_flags__changed') }}
    where flag = 'issuance' and held_from is not null
),

invoices as (
    select *
    from {{ ref('int_items') }}
    where
        reconciliation = 'invoice_to_receipt'
        and item_type = 'invoice'
        and coalesce(set_aside_reason, '') not in ('draft', 'void')
),

final as (
    select
        invoices.item_id as invoice_id,
        invoices.party_id as customer_id,
        invoices.event_at as issued_at,
        max(coalesce(pauses.held_until, cast('9999-12-31' as timestamp))) as paused_until
    from invoices
    inner join pauses
        on
            invoices.event_at >= pauses.held_from
            and invoices.event_at < coalesce(pauses.held_until, cast('9999-12-31' as timestamp))
            and (pauses.customer_id = '*' or invoices.party_id = pauses.customer_id)
    group by invoices.item_id, invoices.party_id, invoices.event_at
)

select * from final
