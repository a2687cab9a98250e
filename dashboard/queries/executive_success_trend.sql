-- One row per date: the success rate over the window of $window_days days, with its target.
select
    fct_sli.as_of_date,
    fct_sli.value as success_rate,
    fct_sli.target
from marts.fct_sli
where
    fct_sli.sli = 'reconciliation_success_rate'
    and fct_sli.window_days = try_cast($window_days as bigint)
    and fct_sli.value is not null
order by fct_sli.as_of_date
