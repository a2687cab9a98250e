-- What came in with the newest run, per feed: files, and what became of them and their rows.
with newest as (
    select max(runs.as_of) as as_of
    from marts.fct_runs as runs
),

rejected_files as (
    select
        quarantine.feed,
        quarantine.batch_id
    from marts.fct_quarantine as quarantine
    where quarantine.is_file
)

select
    batches.feed,
    count(*) as files,
    count(rejected_files.batch_id) as files_rejected,
    sum(batches.rows_read) as rows_read,
    sum(batches.rows_loaded) as rows_loaded,
    sum(batches.rows_redelivered) as rows_redelivered,
    sum(batches.rows_quarantined) as rows_quarantined
from marts.fct_batches as batches
inner join newest
    on batches.ingested_at = newest.as_of
left join rejected_files
    on batches.feed = rejected_files.feed and batches.batch_id = rejected_files.batch_id
group by batches.feed
order by batches.feed
