-- One row per quotation of the days within the last $within_hours hours that differs by more than
-- the share $least from the one before it.
with changes as (
    select
        rates.currency,
        rates.reporting_currency,
        rates.rate_date,
        rates.rate,
        lag(rates.rate) over (
            partition by rates.currency, rates.reporting_currency, rates.source
            order by rates.rate_date asc nulls last
        ) as former
    from marts.fct_fx_rates as rates
    where rates.rate_date = rates.quoted_on
)

select
    changes.currency as subject,
    'The rate of ' || changes.currency || ' in ' || changes.reporting_currency || ' went from '
    || printf('%.6g', cast(changes.former as double)) || ' to '
    || printf('%.6g', cast(changes.rate as double)) || ' on ' || changes.rate_date
    || ': turned over, of another pair, or mistyped' as sentence
from changes
where
    abs(changes.rate / nullif(changes.former, 0) - 1) > $least
    and changes.rate_date >= cast(
        cast($as_of as timestamp) - to_hours(cast($within_hours as bigint)) as date
    )
order by changes.currency, changes.rate_date
