-- Exceptions with what alerts weigh: their case, severity, deadline, the money at risk, and whether
-- an invoice missed its reconciliation deadline. A case has its money once, with the exception that
-- leads it.
with

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

cases as (select * from {{ ref('int_exceptions__cases') }}),

exception_types as (select * from {{ ref('exception_types') }}),

items as (
    select *
    from {{ ref('int_items__unsettled') }}
    where
        reconciliation = 'invoice_to_receipt'
        and item_type = 'invoice'
        and status <> 'set_aside'
),

-- what is set aside, such as a copy of an invoice, is owed by nobody
set_aside as (
    select unsettled.item_key
    from {{ ref('int_items__unsettled') }} as unsettled
    where unsettled.status = 'set_aside'
),

run_gaps as (select * from {{ ref('int_runs__gaps') }}),

judged as (
    select
        lifecycle.*,
        cases.spell,
        cases.is_spell_lead,
        cases.case_opened_at,
        cases.case_resolved_at,
        exception_types.severity,
        {{ add_hours('lifecycle.opened_at', 'exception_types.sla_hours') }} as sla_due_at,
        -- what customers owe and is in doubt, and what is known not to arrive
        case
            when
                lifecycle.reconciliation = 'invoice_to_receipt'
                and lifecycle.side = 'expected'
                and set_aside.item_key is null
                then abs(coalesce(lifecycle.base_amount, {{ zero() }}))
            when exception_types.puts_money_at_risk
                then abs(coalesce(lifecycle.base_amount, {{ zero() }}))
            else {{ zero() }}
        end as owed_amount
    from lifecycle
    inner join cases
        on lifecycle.exception_id = cases.exception_id
    left join exception_types
        on lifecycle.exception_type = exception_types.exception_type
    left join set_aside
        on lifecycle.item_key = set_aside.item_key
),

owed as (
    select
        judged.case_id,
        judged.spell,
        sum(judged.owed_amount) as owed_amount
    from judged
    group by judged.case_id, judged.spell
),

final as (
    select
        judged.exception_id,
        judged.item_key,
        judged.case_id,
        judged.is_spell_lead as is_lead,
        judged.case_opened_at,
        judged.case_resolved_at,
        judged.reconciliation,
        judged.exception_type,
        judged.root_cause,
        judged.customer_id,
        judged.item_count,
        judged.resolved_at is null as is_open,
        judged.severity,
        judged.sla_due_at,
        -- of several documents that one payment could pay, one is paid: the lead's amount, and
        -- never more than what is owed
        {{ as_amount(
            'case when judged.is_spell_lead'
            ~ ' then least(abs(coalesce(judged.base_amount, ' ~ zero() ~ ')), owed.owed_amount)'
            ~ ' else ' ~ zero() ~ ' end'
        ) }} as revenue_at_risk,
        case
            when judged.resolved_at is null and items.due_for_match_at <= {{ as_of() }}
                then {{ seconds_between(
                    'coalesce(run_gaps.seen_at, items.due_for_match_at)', as_of()
                ) }}
        end as missed_deadline_seconds
    from judged
    inner join owed
        on
            judged.case_id = owed.case_id
            and judged.spell = owed.spell
    left join items
        on judged.item_key = items.item_key
    left join run_gaps
        on
            items.due_for_match_at > run_gaps.after_at
            and items.due_for_match_at <= run_gaps.seen_at
)

select * from final
