-- One row per case of one page of the queue, told by its lead; what is searched for may be in any
-- exception of it, or in the item that this is about. Empty lists and strings filter nothing.
-- $words: all of them must be found; $amounts: or one of these is the amount.
-- $risk: yes (money that may not arrive) or ''.
-- $sla: late (past due) | soon (due within a day) | in_time | none. $sort: see the order by.
-- $waiting: '' | undecided | pending | mine, by the cases in $pending_cases and $waiting_cases.
with latest as (
    select max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

-- the texts of items that are closed are not searched: the detail of their exceptions is
item_texts as (
    select
        fct_items.reconciliation,
        fct_items.item_type,
        fct_items.item_id,
        fct_items.document_number,
        fct_items.memo,
        fct_items.amount,
        fct_items.open_amount
    from marts.fct_items
    where len(cast($words as varchar [])) > 0 and fct_items.status <> 'closed'
),

found as (
    select distinct fct_exceptions.case_id
    from marts.fct_exceptions
    left join item_texts
        on
            fct_exceptions.reconciliation = item_texts.reconciliation
            and fct_exceptions.item_type = item_texts.item_type
            and fct_exceptions.item_id = item_texts.item_id
    left join marts.dim_customers
        on fct_exceptions.customer_id = dim_customers.customer_id
    where
        len(cast($words as varchar [])) > 0
        and (
            len(
                list_filter(
                    cast($words as varchar []),
                    lambda word: not contains(
                        lower(
                            concat_ws(
                                ' ',
                                fct_exceptions.exception_id,
                                fct_exceptions.item_id,
                                fct_exceptions.detail,
                                fct_exceptions.customer_id,
                                dim_customers.legal_name,
                                item_texts.document_number,
                                item_texts.memo
                            )
                        ),
                        word
                    )
                )
            ) = 0
            or list_contains(cast($amounts as decimal(38, 10) []), abs(fct_exceptions.amount))
            or list_contains(cast($amounts as decimal(38, 10) []), abs(item_texts.amount))
            or list_contains(cast($amounts as decimal(38, 10) []), abs(item_texts.open_amount))
        )
),

queue as (
    select
        fct_exceptions.exception_id,
        fct_exceptions.case_id,
        fct_exceptions.base_amount,
        fct_exceptions.revenue_at_risk,
        fct_exceptions.priority_score,
        fct_exceptions.opened_at,
        fct_exceptions.sla_due_at
    from marts.fct_exceptions
    cross join latest
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
        and (
            len(cast($assigned as varchar [])) = 0
            or list_contains(
                cast($assigned as varchar []), coalesce(fct_exceptions.assigned_to, 'nobody')
            )
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
        and case cast($waiting as varchar)
            when 'undecided'
                then not list_contains(cast($pending_cases as varchar []), fct_exceptions.case_id)
            when 'pending'
                then
                list_contains(cast($pending_cases as varchar []), fct_exceptions.case_id)
                and not list_contains(cast($waiting_cases as varchar []), fct_exceptions.case_id)
            when 'mine'
                then list_contains(cast($waiting_cases as varchar []), fct_exceptions.case_id)
            else true
        end
        and (
            len(cast($words as varchar [])) = 0
            or fct_exceptions.case_id in (select found.case_id from found)
        )
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
