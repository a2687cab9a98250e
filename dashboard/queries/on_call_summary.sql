-- One row: the counts beside the alerts that tell whether anything needs a person now.
with slis as (
    select
        fct_sli.sli,
        fct_sli.met
    from marts.fct_sli
    where fct_sli.window_days = 28
    qualify
        row_number() over (
            partition by fct_sli.sli
            order by fct_sli.as_of_date desc nulls last
        ) = 1
),

exceptions as (
    select sum(fct_exceptions.revenue_at_risk) as at_risk
    from marts.fct_exceptions
    where fct_exceptions.is_case_lead and fct_exceptions.status <> 'resolved'
)

select
    exceptions.at_risk,
    (select count(*) from slis where not slis.met) as slis_missed,
    (select count(*) from slis where slis.met is not null) as slis_measured,
    (select count(*) from slis where slis.met is null) as slis_without_data,
    (
        select count(*)
        from marts.fct_quarantine
        where fct_quarantine.resolved_by_batch_id is null
    ) as quarantined,
    (
        select count(*)
        from marts.fct_batches
        where fct_batches.control_total_ok = false
    ) as control_totals_broken
from exceptions
