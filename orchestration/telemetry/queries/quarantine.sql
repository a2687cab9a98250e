select
    feed,
    count(*) filter (where not is_file) as rows,
    count(*) filter (where is_file) as files
from marts.fct_quarantine
where resolved_by_batch_id is null
group by feed
