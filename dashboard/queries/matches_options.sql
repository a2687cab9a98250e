-- One row per value that a filter of the list offers, with how many matches have it.
with counted as (
    select
        fct_matches.reconciliation,
        fct_matches.decision,
        fct_matches.currency,
        count(*) as match_count
    from marts.fct_matches
    group by fct_matches.reconciliation, fct_matches.decision, fct_matches.currency
)

select
    'reconciliation' as facet,
    counted.reconciliation as code,
    cast(sum(counted.match_count) as bigint) as match_count
from counted
group by counted.reconciliation
union all
select
    'decision' as facet,
    counted.decision as code,
    cast(sum(counted.match_count) as bigint) as match_count
from counted
group by counted.decision
union all
select
    'currency' as facet,
    counted.currency as code,
    cast(sum(counted.match_count) as bigint) as match_count
from counted
group by counted.currency
order by facet, match_count desc, code
