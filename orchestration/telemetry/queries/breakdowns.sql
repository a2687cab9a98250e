-- Of the company, by tier and by gateway: there are few of them, and many files.
with newest as (
    select max(as_of_date) as as_of_date
    from marts.agg_sli_breakdowns
)
select
    agg_sli_breakdowns.sli,
    agg_sli_breakdowns.dimension,
    agg_sli_breakdowns.dimension_value as part,
    agg_sli_breakdowns.window_name as window,
    case when agg_sli_breakdowns.unit = 'ratio' then agg_sli_breakdowns.value end as ratio,
    case when agg_sli_breakdowns.unit = 'hours' then agg_sli_breakdowns.value * 3600 end as seconds,
    case when agg_sli_breakdowns.unit = 'count' then agg_sli_breakdowns.value end as items
from marts.agg_sli_breakdowns
inner join newest
    on agg_sli_breakdowns.as_of_date = newest.as_of_date
where agg_sli_breakdowns.dimension in ('company', 'gateway', 'tier')
