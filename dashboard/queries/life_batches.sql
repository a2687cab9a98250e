-- One row per batch among $batches: the file behind a landing.
select
    fct_batches.batch_id,
    fct_batches.feed,
    fct_batches.file_name,
    fct_batches.format,
    fct_batches.landed_at
from marts.fct_batches
where list_contains(cast($batches as varchar []), fct_batches.batch_id)
order by fct_batches.batch_id, fct_batches.feed
