-- What each indicator promises; it is the same on every row of an indicator.
select
    sli,
    max(case when unit = 'ratio' then target end) as ratio,
    max(case when unit = 'hours' then target * 3600 end) as seconds,
    max(case when unit = 'count' then target end) as items
from marts.fct_sli
group by sli
