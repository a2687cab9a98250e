-- One row per window of an error budget (`1h`, `6h`, `3d`, `28d`), the shortest first.
with windows as (
    select distinct fct_error_budgets."window"
    from marts.fct_error_budgets
    where fct_error_budgets."window" is not null
)

select windows."window"
from windows
order by
    coalesce(
        try_cast(rtrim(windows."window", 'hdw') as bigint)
        * case right(windows."window", 1) when 'h' then 1 when 'd' then 24 else 168 end,
        0
    ),
    windows."window"
