-- One row per file that a run has read, or refused.
select distinct batches.batch_id
from marts.fct_batches as batches
