-- One row where the runs of the last $within_hours hours opened at least $least cases that are open,
-- and no fewer than were open before. The company's first run opens all there are, which is no surge.
with runs as (
    select
        greatest(
            cast($as_of as timestamp) - to_hours(cast($within_hours as bigint)), min(runs.as_of)
        ) as since
    from marts.fct_runs as runs
),

cases as (
    select
        count(*) filter (exceptions.opened_at > runs.since) as opened,
        count(*) filter (exceptions.opened_at <= runs.since) as older
    from marts.fct_exceptions as exceptions
    cross join runs
    where exceptions.is_case_lead and exceptions.status <> 'resolved'
)

select
    'queue' as subject,
    cases.opened || ' cases were opened within ' || $within_hours || ' hours, and ' || cases.older
    || ' were open before: something has changed at once for many records' as sentence
from cases
where cases.opened >= greatest($least, cases.older)
