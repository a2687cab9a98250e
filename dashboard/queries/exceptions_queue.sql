-- One row per case of one page of the queue. $sort: see the order by.
with

-- include: exceptions_cases

queue as (
    select
        cases.exception_id,
        cases.base_amount,
        cases.revenue_at_risk,
        cases.priority_score,
        cases.opened_at,
        cases.sla_due_at
    from cases
    where
        cases.is_reconciliation
        and cases.is_type
        and cases.is_severity
        and cases.is_status
        and cases.is_item_type
        and cases.is_cause
        and cases.is_currency
        and cases.is_assigned
        and cases.is_sla
        and cases.is_risk
        and cases.is_waiting
),

places as (
    select
        queue.exception_id,
        count(*) over () as row_count,
        sum(abs(queue.base_amount)) over () as base_total,
        sum(queue.revenue_at_risk) over () as risk_total,
        row_number() over (
            order by
                case $sort when 'priority' then queue.priority_score end desc nulls last,
                case $sort when 'amount' then abs(queue.base_amount) end desc nulls last,
                case $sort when 'oldest' then queue.opened_at end asc nulls last,
                case $sort when 'newest' then queue.opened_at end desc nulls last,
                case $sort when 'sla' then queue.sla_due_at end asc nulls last,
                queue.exception_id
        ) as place
    from queue
    qualify place > $offset and place <= cast($offset as bigint) + $limit
),

-- only the page is joined with what is shown of it
page as (
    select
        fct_exceptions.*,
        places.row_count,
        places.base_total,
        places.risk_total,
        places.place,
        latest.as_of,
        dim_customers.legal_name as customer
    from marts.fct_exceptions
    inner join places
        on fct_exceptions.exception_id = places.exception_id
    cross join latest
    left join marts.dim_customers
        on fct_exceptions.customer_id = dim_customers.customer_id
),

members as (
    select
        fct_exceptions.case_id,
        count(*) filter (fct_exceptions.status <> 'resolved') as open_items
    from marts.fct_exceptions
    where fct_exceptions.case_id in (select page.case_id from page)
    group by fct_exceptions.case_id
),

items as (
    select
        fct_items.reconciliation,
        fct_items.item_type,
        fct_items.item_id,
        fct_items.event_date,
        fct_items.document_number
    from marts.fct_items
    where fct_items.item_id in (select page.item_id from page)
)

select
    page.place,
    page.exception_id,
    page.priority_score,
    page.severity,
    page.exception_type,
    page.root_cause,
    page.reconciliation,
    page.item_type,
    page.item_id,
    items.document_number,
    items.event_date,
    date_diff('day', items.event_date, cast(page.as_of as date)) as days_old,
    page.customer_id,
    page.customer,
    page.currency,
    page.amount,
    page.base_amount,
    page.opened_at,
    page.age_hours,
    page.sla_due_at,
    date_diff('minute', coalesce(page.resolved_at, page.as_of), page.sla_due_at)
        as sla_minutes_left,
    page.resolved_at,
    page.status,
    page.assigned_to,
    page.resolution,
    page.fingerprint,
    page.case_id,
    members.open_items,
    page.detail,
    page.recommendation,
    page.row_count,
    page.base_total,
    page.risk_total
from page
inner join members
    on page.case_id = members.case_id
left join items
    on
        page.reconciliation = items.reconciliation
        and page.item_type = items.item_type
        and page.item_id = items.item_id
order by page.place
