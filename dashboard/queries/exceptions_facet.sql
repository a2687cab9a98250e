-- One row per value that the queue can be filtered by, with how many cases it would leave beside
-- what else is chosen (of the facet itself, all values count). Parameters as in exceptions_queue.
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

cases as (
    select
        fct_exceptions.*,
        coalesce(fct_exceptions.assigned_to, 'nobody') as assigned,
        len(cast($reconciliation as varchar [])) = 0
        or list_contains(cast($reconciliation as varchar []), fct_exceptions.reconciliation)
            as is_reconciliation,
        len(cast($type as varchar [])) = 0
        or list_contains(cast($type as varchar []), fct_exceptions.exception_type) as is_type,
        len(cast($severity as varchar [])) = 0
        or list_contains(cast($severity as varchar []), fct_exceptions.severity) as is_severity,
        case
            when len(cast($status as varchar [])) = 0 then fct_exceptions.status <> 'resolved'
            else list_contains(cast($status as varchar []), fct_exceptions.status)
        end as is_status,
        len(cast($item_type as varchar [])) = 0
        or coalesce(
            list_contains(cast($item_type as varchar []), fct_exceptions.item_type), false
        ) as is_item_type,
        len(cast($cause as varchar [])) = 0
        or coalesce(list_contains(cast($cause as varchar []), fct_exceptions.root_cause), false)
            as is_cause,
        len(cast($currency as varchar [])) = 0
        or coalesce(list_contains(cast($currency as varchar []), fct_exceptions.currency), false)
            as is_currency,
        len(cast($assigned as varchar [])) = 0
        or list_contains(
            cast($assigned as varchar []), coalesce(fct_exceptions.assigned_to, 'nobody')
        ) as is_assigned,
        case cast($sla as varchar)
            when '' then true
            when 'late' then fct_exceptions.sla_due_at < latest.as_of
            when 'soon'
                then
                fct_exceptions.sla_due_at >= latest.as_of
                and fct_exceptions.sla_due_at < latest.as_of + interval 1 day
            when 'in_time' then fct_exceptions.sla_due_at >= latest.as_of
            else fct_exceptions.sla_due_at is null
        end as is_sla,
        cast($risk as varchar) = '' or fct_exceptions.revenue_at_risk > 0 as is_risk,
        case cast($waiting as varchar)
            when 'undecided'
                then not list_contains(cast($pending_cases as varchar []), fct_exceptions.case_id)
            when 'pending'
                then
                list_contains(cast($pending_cases as varchar []), fct_exceptions.case_id)
                and not list_contains(cast($waiting_cases as varchar []), fct_exceptions.case_id)
            when 'mine'
                then list_contains(cast($waiting_cases as varchar []), fct_exceptions.case_id)
            else true
        end as is_waiting
    from marts.fct_exceptions
    cross join latest
    where
        fct_exceptions.is_case_lead
        and (
            len(cast($customer as varchar [])) = 0
            or list_contains(cast($customer as varchar []), fct_exceptions.customer_id)
        )
        and (
            len(cast($words as varchar [])) = 0
            or fct_exceptions.case_id in (select found.case_id from found)
        )
),

-- one facet may fail: it is then counted for that facet alone, which others would be chosen by
narrowed as (
    select
        cases.*,
        len(
            list_filter(
                [
                    cases.is_reconciliation, cases.is_type, cases.is_severity, cases.is_status,
                    cases.is_item_type, cases.is_cause, cases.is_currency, cases.is_assigned
                ],
                lambda is_met: not is_met
            )
        ) as failed
    from cases
    where cases.is_sla and cases.is_risk and cases.is_waiting
),

facets as (
    select
        unnest([
            {'facet': 'reconciliation', 'code': reconciliation, 'is_met': is_reconciliation},
            {'facet': 'type', 'code': exception_type, 'is_met': is_type},
            {'facet': 'severity', 'code': severity, 'is_met': is_severity},
            {'facet': 'status', 'code': status, 'is_met': is_status},
            {'facet': 'item_type', 'code': item_type, 'is_met': is_item_type},
            {'facet': 'cause', 'code': root_cause, 'is_met': is_cause},
            {'facet': 'currency', 'code': currency, 'is_met': is_currency},
            {'facet': 'assigned', 'code': assigned, 'is_met': is_assigned}
        ], recursive := true),
        narrowed.failed
    from narrowed
    where narrowed.failed <= 1
)

select
    facets.facet,
    facets.code,
    count(*) as cases
from facets
where facets.code is not null and (facets.failed = 0 or not facets.is_met)
group by facets.facet, facets.code
order by facets.facet, cases desc, facets.code
