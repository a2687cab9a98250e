-- One row per file of this run with events ahead of the moment at which it was read, by $least to
-- $most minutes. Not on a first run: what it reads may have been exported after the moment that it
-- speaks for.
select
    batches.feed as subject,
    'Events of ' || batches.feed || '/' || batches.file_name || ' are dated '
    || date_diff('minute', batches.ingested_at, batches.max_event_at)
    || ' minutes after the file was read: its clock, or the time zone that its timestamps are read '
    || 'in, is wrong' as sentence
from marts.fct_batches as batches
where
    not $is_first_run
    and batches.run_sequence = $run_sequence
    and batches.max_event_at > batches.ingested_at + to_minutes(cast($least as bigint))
    and batches.max_event_at <= batches.ingested_at + to_minutes(cast($most as bigint))
order by batches.feed, batches.file_name
