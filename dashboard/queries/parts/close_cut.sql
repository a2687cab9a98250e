-- `cut`: the last day of the period that begins on $period, and the moment of the publication.
cut as (
    select
        coalesce(last_day(try_cast($period as date)), max(fct_runs.as_of)::date) as period_end,
        max(fct_runs.as_of) as as_of
    from marts.fct_runs
),
