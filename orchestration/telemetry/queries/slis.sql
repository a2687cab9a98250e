-- The newest day of each indicator and window; without events there is no value.
with newest as (
    select
        sli,
        window_days,
        max(as_of_date) as as_of_date
    from marts.fct_sli
    group by
        sli,
        window_days
)
select
    fct_sli.sli,
    fct_sli.window_days || 'd' as window,
    case when fct_sli.unit = 'ratio' then fct_sli.value end as ratio,
    case when fct_sli.unit = 'hours' then fct_sli.value * 3600 end as seconds,
    case when fct_sli.unit = 'count' then fct_sli.value end as items,
    fct_sli.denominator as events,
    fct_sli.met
from marts.fct_sli
inner join newest
    on fct_sli.sli = newest.sli
    and fct_sli.window_days = newest.window_days
    and fct_sli.as_of_date = newest.as_of_date
