-- One row per case of one page of the queue, told by its lead; what is searched for may be in any
-- exception of it. Empty lists and strings filter nothing.
-- $risk: yes (money that may not arrive) or ''.
-- $sla: late (past due) | soon (due within a day) | in_time | none. $sort: see the order by.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

sizes as (
    select
        fct_exceptions.case_id,
        count(*) filter (fct_exceptions.status <> 'resolved') as open_items,
        lower(
            string_agg(concat_ws(' ', fct_exceptions.item_id, fct_exceptions.exception_id), ' ')
        ) as members
    from marts.fct_exceptions
    group by fct_exceptions.case_id
),

queue as (
    select
        fct_exceptions.*,
        sizes.open_items,
        dim_customers.legal_name as customer,
        latest.as_of
    from marts.fct_exceptions
    cross join latest
    inner join sizes
        on fct_exceptions.case_id = sizes.case_id
    left join marts.dim_customers
        on fct_exceptions.customer_id = dim_customers.customer_id
    where
        fct_exceptions.is_case_lead
        and (
            len(cast($reconciliation as varchar [])) = 0
            or list_contains(cast($reconciliation as varchar []), fct_exceptions.reconciliation)
        )
        and (
            len(cast($type as varchar [])) = 0
            or list_contains(cast($type as varchar []), fct_exceptions.exception_type)
        )
        and (
            len(cast($severity as varchar [])) = 0
            or list_contains(cast($severity as varchar []), fct_exceptions.severity)
        )
        and case
            when len(cast($status as varchar [])) = 0 then fct_exceptions.status <> 'resolved'
            else list_contains(cast($status as varchar []), fct_exceptions.status)
        end
        and (
            len(cast($customer as varchar [])) = 0
            or list_contains(cast($customer as varchar []), fct_exceptions.customer_id)
        )
        and (
            len(cast($item_type as varchar [])) = 0
            or list_contains(cast($item_type as varchar []), fct_exceptions.item_type)
        )
        and (
            len(cast($cause as varchar [])) = 0
            or list_contains(cast($cause as varchar []), fct_exceptions.root_cause)
        )
        and (
            len(cast($currency as varchar [])) = 0
            or list_contains(cast($currency as varchar []), fct_exceptions.currency)
        )
        and case cast($sla as varchar)
            when '' then true
            when 'late' then fct_exceptions.sla_due_at < latest.as_of
            when 'soon'
                then
                fct_exceptions.sla_due_at >= latest.as_of
                and fct_exceptions.sla_due_at < latest.as_of + interval 1 day
            when 'in_time' then fct_exceptions.sla_due_at >= latest.as_of
            else fct_exceptions.sla_due_at is null
        end
        and (cast($risk as varchar) = '' or fct_exceptions.revenue_at_risk > 0)
        and (
            cast($search as varchar) = ''
            or contains(sizes.members, lower($search))
            or contains(lower(fct_exceptions.customer_id), lower($search))
            or contains(lower(dim_customers.legal_name), lower($search))
        )
)

select
    queue.exception_id,
    queue.priority_score,
    queue.severity,
    queue.exception_type,
    queue.root_cause,
    queue.reconciliation,
    queue.item_type,
    queue.item_id,
    queue.customer_id,
    queue.customer,
    queue.currency,
    queue.amount,
    queue.base_amount,
    queue.opened_at,
    queue.age_hours,
    queue.sla_due_at,
    date_diff('minute', coalesce(queue.resolved_at, queue.as_of), queue.sla_due_at)
        as sla_minutes_left,
    queue.resolved_at,
    queue.status,
    queue.assigned_to,
    queue.resolution,
    queue.fingerprint,
    queue.case_id,
    queue.open_items,
    queue.detail,
    queue.recommendation,
    count(*) over () as row_count,
    sum(abs(queue.base_amount)) over () as base_total,
    sum(queue.revenue_at_risk) over () as risk_total
from queue
order by
    case $sort when 'priority' then queue.priority_score end desc nulls last,
    case $sort when 'amount' then abs(queue.base_amount) end desc nulls last,
    case $sort when 'oldest' then queue.opened_at end asc nulls last,
    case $sort when 'newest' then queue.opened_at end desc nulls last,
    case $sort when 'sla' then queue.sla_due_at end asc nulls last,
    queue.exception_id
limit $limit offset $offset
