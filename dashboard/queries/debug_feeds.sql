-- One row per feed that files have landed for.
select distinct fct_batches.feed
from marts.fct_batches
order by fct_batches.feed
