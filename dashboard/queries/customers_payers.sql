-- One row per name that a customer's bank payments came under, and per payer that was learned.
with names as (
    select
        'seen' as source,
        'name' as key_kind,
        fct_items.document_number as key_value,
        count(*) as payment_count,
        max(fct_items.event_date) as last_on,
        cast(null as varchar) as status,
        cast(null as varchar) as learned_key
    from marts.fct_items
    where
        fct_items.reconciliation = 'invoice_to_receipt'
        and fct_items.item_type = 'bank_transaction'
        and fct_items.party_id = $customer
        and fct_items.document_number is not null
        -- a line without a name is called by its entry
        and not contains(fct_items.item_id, fct_items.document_number)
    group by fct_items.document_number
),

learned as (
    select
        'learned' as source,
        dim_learned_payers.key_kind,
        dim_learned_payers.key_value,
        dim_learned_payers.match_count as payment_count,
        cast(dim_learned_payers.last_seen_at as date) as last_on,
        dim_learned_payers.status,
        dim_learned_payers.learned_key
    from marts.dim_learned_payers
    where dim_learned_payers.customer_id = $customer
)

select * from learned
union all
select * from names
order by source, payment_count desc, key_value
limit 30
