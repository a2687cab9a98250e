-- At most one row: the success rate over the window next to four weeks, its target, and what it was
-- a week before. A day alone jumps with a single invoice.
with measured as (
    select fct_sli.*
    from marts.fct_sli
    where fct_sli.sli = 'reconciliation_success_rate'
),

latest as (
    select *
    from measured
    order by
        measured.as_of_date desc nulls last,
        abs(measured.window_days - 28) asc nulls last,
        measured.window_days asc nulls last
    limit 1
)

select
    latest.as_of_date,
    latest.window_days,
    latest.numerator as closed,
    latest.denominator as due,
    latest.denominator - latest.numerator as missed,
    latest.value,
    latest.target,
    latest.met,
    latest.value - earlier.value as value_change
from latest
left join measured as earlier
    on
        latest.window_days = earlier.window_days
        and latest.as_of_date - 7 = earlier.as_of_date
