with

reconciliations as (
    select *
    from {{ ref('reconciliations') }}
    where is_built
),

standings as (select * from {{ ref('int_reconciliations__active') }}),

final as (
    select
        reconciliations.name as reconciliation,
        reconciliations.title,
        standings.is_active,
        standings.why_inactive,
        reconciliations.expected_items,
        reconciliations.actual_items
    from reconciliations
    inner join standings
        on reconciliations.name = standings.reconciliation
)

select * from final
