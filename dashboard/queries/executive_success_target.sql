-- At most one row: the target of the success rate, from the shortest window that has one.
select
    fct_sli.target,
    fct_sli.window_days
from marts.fct_sli
where fct_sli.sli = 'reconciliation_success_rate' and fct_sli.target is not null
order by fct_sli.as_of_date desc nulls last, fct_sli.window_days asc nulls last
limit 1
