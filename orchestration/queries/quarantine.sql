-- Rows and files that could not be read and that nothing valid has replaced yet, per feed.
select
    quarantine.feed,
    count(*) as rejected
from marts.fct_quarantine as quarantine
where quarantine.resolved_by_batch_id is null
group by quarantine.feed
order by rejected desc, quarantine.feed
