-- One row per twentieth of confidence that has matches: how many closed, ask, or were refused.
with binned as (
    select
        least(floor(fct_matches.confidence * 20), 19) as bin,
        fct_matches.decision,
        fct_matches.is_live
    from marts.fct_matches
    where
        fct_matches.confidence is not null
        and ($reconciliation = '' or fct_matches.reconciliation = $reconciliation)
        and ($rule = '' or fct_matches.rule_id = $rule)
),

counted as (
    select
        binned.bin,
        count(*) as hits,
        count_if(binned.is_live) as closed,
        count_if(binned.decision in ('suggested', 'pending_approval')) as suggested,
        count_if(binned.decision in ('rejected', 'reversed')) as refused
    from binned
    group by binned.bin
)

select
    cast(counted.bin / 20 as decimal(4, 2)) as least_confidence,
    cast((counted.bin + 1) / 20 as decimal(4, 2)) as below_confidence,
    counted.hits,
    counted.closed,
    counted.suggested,
    counted.refused,
    sum(case when counted.bin = 19 then counted.closed else 0 end) over () as closed_sure,
    sum(counted.closed) over () as closed_all
from counted
order by counted.bin desc
