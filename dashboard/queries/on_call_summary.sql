-- One row: the counts that tell whether anything needs a person now.
with sli as (
    select
        fct_sli.sli,
        fct_sli.met
    from marts.fct_sli
    qualify
        row_number() over (
            partition by fct_sli.sli
            order by fct_sli.as_of_date desc nulls last, fct_sli.window_days asc nulls last
        ) = 1
)

select
    (select count(*) from marts.fct_alerts where fct_alerts.state = 'firing') as firing,
    (
        select count(*)
        from marts.fct_alerts
        where fct_alerts.state = 'firing' and fct_alerts.severity = 'page'
    ) as paging,
    (select count(*) from sli where not sli.met) as slis_missed,
    (select count(*) from sli where sli.met is not null) as slis_measured,
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
