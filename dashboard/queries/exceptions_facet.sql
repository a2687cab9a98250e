-- One row per value that the queue can be filtered by, with how many unresolved cases it has.
with facets as (
    select
        unnest([
            {'facet': 'reconciliation', 'code': fct_exceptions.reconciliation},
            {'facet': 'type', 'code': fct_exceptions.exception_type},
            {'facet': 'severity', 'code': fct_exceptions.severity},
            {'facet': 'status', 'code': fct_exceptions.status},
            {'facet': 'item_type', 'code': fct_exceptions.item_type},
            {'facet': 'cause', 'code': fct_exceptions.root_cause},
            {'facet': 'currency', 'code': fct_exceptions.currency}
        ], recursive := true),
        fct_exceptions.status <> 'resolved' as is_unresolved
    from marts.fct_exceptions
    where fct_exceptions.is_case_lead
)

select
    facets.facet,
    facets.code,
    count(*) filter (facets.is_unresolved) as unresolved,
    count(*) as exceptions
from facets
where facets.code is not null
group by facets.facet, facets.code
order by facets.facet, unresolved desc, facets.code
