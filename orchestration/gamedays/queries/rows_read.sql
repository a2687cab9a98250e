-- One row per file that was not rejected: how many rows were read from it.
select
    batches.feed,
    batches.file_name,
    max(batches.rows_read) as rows_read
from marts.fct_batches as batches
where not batches.is_rejected
group by batches.feed, batches.file_name
order by batches.feed, batches.file_name
