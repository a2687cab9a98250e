-- One row per value that the queue can be filtered by, with how many cases it would leave beside
-- what else is chosen (of the facet itself, all values count).
with

-- include: exceptions_cases

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
