with

lifecycle as (select * from {{ ref('int_exceptions__lifecycle') }}),

handled as (select * from {{ ref('int_exceptions__handled') }}),

candidates as (select * from {{ ref('int_exceptions__candidates') }}),

exception_types as (select * from {{ ref('exception_types') }}),

customers as (select * from {{ ref('stg_crm__customers') }}),

weights as (select * from {{ ref('priority_weights') }}),

cases as (select * from {{ ref('int_exceptions__cases') }}),

weighed as (select * from {{ ref('int_exceptions__weighed') }}),

told as (select * from {{ ref('int_exceptions__told') }}),

dated as (
    select
        lifecycle.exception_id,
        lifecycle.item_key,
        lifecycle.reconciliation,
        lifecycle.side,
        lifecycle.item_type,
        lifecycle.item_id,
        lifecycle.occurrence,
        lifecycle.exception_type,
        lifecycle.root_cause,
        lifecycle.customer_id,
        lifecycle.amount,
        lifecycle.currency,
        lifecycle.base_amount,
        lifecycle.group_name,
        lifecycle.item_count,
        lifecycle.opened_at,
        lifecycle.resolved_at,
        lifecycle.resolution,
        lifecycle.resolved_by,
        lifecycle.lifecycle in ('open', 'newly_opened') as is_open,
        exception_types.severity,
        exception_types.sla_hours,
        exception_types.runbook,
        exception_types.who_acts,
        exception_types.blocks_close,
        customers.tier,
        coalesce(lifecycle.resolved_at, {{ as_of() }}) as last_seen_at,
        {{ add_hours('lifecycle.opened_at', 'exception_types.sla_hours') }} as sla_due_at
    from lifecycle
    left join exception_types
        on lifecycle.exception_type = exception_types.exception_type
    left join customers
        on lifecycle.customer_id = customers.customer_id
),

clocked as (
    select
        dated.*,
        {{ hours_between('dated.opened_at', 'dated.last_seen_at') }} as age_hours,
        concat_ws(
            '|', dated.exception_type, dated.root_cause, dated.reconciliation, dated.group_name
        ) as identity
    from dated
),

-- the amount's points are those of the highest step that it reaches
amount_steps as (
    select
        clocked.exception_id,
        max(weights.points) as points
    from clocked
    inner join weights
        on
            weights.component = 'base_amount'
            and weights.at_least <= abs(coalesce(clocked.base_amount, 0))
    where clocked.is_open
    group by clocked.exception_id
),

age_steps as (
    select
        clocked.exception_id,
        max(weights.points) as points
    from clocked
    inner join weights
        on
            weights.component = 'sla_share'
            and weights.at_least * clocked.sla_hours <= clocked.age_hours
    where clocked.is_open
    group by clocked.exception_id
),

final as (
    select
        clocked.exception_id,
        clocked.reconciliation,
        clocked.exception_type,
        clocked.root_cause,
        clocked.item_type,
        clocked.item_id,
        clocked.customer_id,
        clocked.amount,
        clocked.currency,
        clocked.base_amount,
        clocked.opened_at,
        cast(clocked.age_hours as bigint) as age_hours,
        clocked.severity,
        cast(
            case
                when clocked.is_open
                    then
                        coalesce(severity_weights.points, 0)
                        + coalesce(amount_steps.points, 0)
                        + coalesce(tier_weights.points, 0)
                        + coalesce(age_steps.points, 0)
                else 0
            end as bigint
        ) as priority_score,
        case
            when not clocked.is_open then 'resolved'
            when coalesce(candidates.is_pending_approval, false) then 'pending_approval'
            when handled.last_move = 'escalate' then 'escalated'
            when handled.last_move = 'assign' then 'assigned'
            else 'open'
        end as status,
        handled.assigned_to,
        clocked.sla_due_at,
        clocked.resolved_at,
        clocked.resolution,
        case when clocked.is_open then coalesce(candidates.candidate_match_ids, '[]') else '[]' end
            as candidate_match_ids,
        {{ sha256_hex('clocked.identity') }} as fingerprint,
        clocked.runbook,
        clocked.side,
        clocked.occurrence,
        clocked.who_acts,
        cast(clocked.sla_hours as bigint) as sla_hours,
        clocked.last_seen_at <= clocked.sla_due_at as is_in_sla,
        clocked.blocks_close,
        clocked.resolved_by,
        handled.last_comment,
        coalesce(handled.comment_count, 0) as comment_count,
        coalesce(clocked.item_count, 1) as item_count,
        cases.case_id,
        cases.is_case_lead,
        told.detail,
        told.recommendation,
        case when weighed.is_open then weighed.revenue_at_risk else {{ zero() }} end
            as revenue_at_risk
    from clocked
    inner join cases
        on clocked.exception_id = cases.exception_id
    inner join told
        on clocked.exception_id = told.exception_id
    inner join weighed
        on clocked.exception_id = weighed.exception_id
    left join handled
        on clocked.exception_id = handled.exception_id
    left join candidates
        on clocked.item_key = candidates.item_key
    left join amount_steps
        on clocked.exception_id = amount_steps.exception_id
    left join age_steps
        on clocked.exception_id = age_steps.exception_id
    left join weights as severity_weights
        on
            severity_weights.component = 'severity'
            and clocked.severity = severity_weights.code
    left join weights as tier_weights
        on
            tier_weights.component = 'tier'
            and clocked.tier = tier_weights.code
)

select * from final
