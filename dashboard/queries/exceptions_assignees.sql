-- One row per person who has unresolved cases, busiest first.
select
    fct_exceptions.assigned_to as code,
    count(*) as cases
from marts.fct_exceptions
where
    fct_exceptions.is_case_lead
    and fct_exceptions.assigned_to is not null
    and fct_exceptions.status <> 'resolved'
group by fct_exceptions.assigned_to
order by cases desc, code
limit 100
