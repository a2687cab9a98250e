-- One row per window in which indicators are measured, the shortest first.
select distinct fct_sli.window_days
from marts.fct_sli
where fct_sli.window_days is not null
order by fct_sli.window_days
