-- One row per indicator: its latest value in one window, missed ones first.
with latest as (
    select fct_sli.*
    from marts.fct_sli
    where fct_sli.window_days = $window_days
    qualify
        row_number() over (
            partition by fct_sli.sli
            order by fct_sli.as_of_date desc nulls last
        ) = 1
)

select
    latest.sli,
    latest.as_of_date,
    latest.numerator,
    latest.denominator,
    latest.value,
    latest.unit,
    latest.target,
    latest.met
from latest
order by
    case when latest.met is null then 1 when latest.met then 2 else 0 end,
    latest.sli
