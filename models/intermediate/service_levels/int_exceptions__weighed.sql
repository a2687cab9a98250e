-- Exceptions with what alerts weigh: severity, deadline, the revenue behind them, and whether an
-- invoice missed its reconciliation deadline.
with

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

exception_types as (select * from {{ ref('exception_types') }}),

items as (
    select *
    from {{ ref('int_items__balanced') }}
    where
        reconciliation = 'invoice_to_receipt'
        and item_type = 'invoice'
        and status not in ('closed', 'set_aside')
),

-- what is set aside, such as a copy of an invoice, is owed by nobody
set_aside as (
    select balanced.item_key
    from {{ ref('int_items__balanced') }} as balanced
    where balanced.status = 'set_aside'
),

final as (
    select
        lifecycle.exception_id,
        lifecycle.item_key,
        lifecycle.reconciliation,
        lifecycle.exception_type,
        lifecycle.root_cause,
        lifecycle.customer_id,
        lifecycle.item_count,
        lifecycle.opened_at,
        lifecycle.resolved_at,
        lifecycle.resolved_at is null as is_open,
        exception_types.severity,
        {{ add_hours('lifecycle.opened_at', 'exception_types.sla_hours') }} as sla_due_at,
        -- money that customers owe and that is in doubt
        case
            when
                lifecycle.reconciliation = 'invoice_to_receipt'
                and lifecycle.side = 'expected'
                and set_aside.item_key is null
                then abs(coalesce(lifecycle.base_amount, {{ zero() }}))
            else {{ zero() }}
        end as revenue_at_risk,
        case
            when lifecycle.resolved_at is null and items.due_for_match_at <= {{ as_of() }}
                then {{ hours_between('items.due_for_match_at', as_of()) }}
        end as missed_deadline_hours
    from lifecycle
    left join exception_types
        on lifecycle.exception_type = exception_types.exception_type
    left join items
        on lifecycle.item_key = items.item_key
    left join set_aside
        on lifecycle.item_key = set_aside.item_key
)

select * from final
