-- Cases, and spells of them, that were open in the last 31 days, with whose they are: customer
-- tier, gateway and file of the exception that leads them.
with

cases as (
    select *
    from {{ ref('int_exceptions__cases') }}
    where
        is_spell_lead
        and (case_resolved_at is null or case_resolved_at > {{ add_days(as_of(), '-31') }})
),

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

items as {{ read_in_place() }} (select * from {{ ref('int_items__balanced') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

final as (
    select
        cases.exception_id,
        cases.case_opened_at,
        cases.case_resolved_at,
        customers.tier as customer_tier,
        {{ gateway_of('items') }} as gateway,
        items.batch_id
    from cases
    inner join lifecycle
        on cases.exception_id = lifecycle.exception_id
    left join items
        on lifecycle.item_key = items.item_key
    left join customers
        on lifecycle.customer_id = customers.customer_id
)

select * from final
