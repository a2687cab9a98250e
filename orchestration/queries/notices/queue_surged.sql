-- One row where this run opened at least $least cases, and no fewer than were open before it. Not on
-- a first run, which opens all there are.
with cases as (
    select
        count(*) filter (exceptions.opened_at >= $as_of) as opened,
        count(*) filter (exceptions.opened_at < $as_of) as older
    from marts.fct_exceptions as exceptions
    where exceptions.is_case_lead and exceptions.status <> 'resolved'
)

select
    'queue' as subject,
    'This run opened ' || cases.opened || ' cases, and ' || cases.older
    || ' were open before it: something has changed at once for many records' as sentence
from cases
where not $is_first_run and cases.opened >= greatest($least, cases.older)
