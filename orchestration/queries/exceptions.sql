-- What waits for a person, cases per type of exception, the most severe and largest first.
select
    exceptions.exception_type,
    count(*) as exceptions,
    sum(case when exceptions.severity in ('critical', 'high') then 1 else 0 end) as severe,
    sum(abs(coalesce(exceptions.base_amount, 0))) as base_amount
from marts.fct_exceptions as exceptions
where exceptions.is_case_lead and exceptions.status != 'resolved'
group by exceptions.exception_type
order by severe desc, base_amount desc, exceptions.exception_type
