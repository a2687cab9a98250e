select
    feed,
    count(*) as files,
    sum(rows_loaded) as loaded,
    sum(rows_redelivered) as redelivered,
    sum(rows_quarantined) as quarantined,
    epoch(max(landed_at)) as landed_at,
    epoch(max(max_event_at)) as event_at
from marts.fct_batches
group by feed
