-- One row per amount from which an event would start a run at once: what that would have meant in
-- the last 28 days, by the charges that are published in the reporting currency.
--   reporting_currency
-- Charges that arrive while a run works share the next one, so that time bounds the number of runs.
with

thresholds as (
    select cast(unnest([0, 100, 500, 1000, 5000, 10000, 50000]) as decimal(38, 10)) as least_amount
),

published as (
    select
        max(fct_runs.as_of) as as_of,
        greatest(median(fct_runs.seconds), 1) as usual_seconds,
        arg_max(fct_runs.price_per_hour, fct_runs.run_sequence)::double as price_per_hour,
        arg_max(fct_runs.cost_currency, fct_runs.run_sequence) as cost_currency
    from marts.fct_runs
),

charges as (
    select
        fct_receipts.received_at,
        fct_receipts.amount
    from marts.fct_receipts
    cross join published
    where
        fct_receipts.item_type = 'charge'
        and fct_receipts.amount > 0
        and fct_receipts.currency = $reporting_currency
        and fct_receipts.received_at > published.as_of - interval 28 days
        and fct_receipts.received_at <= published.as_of
),

at_once as (
    select
        thresholds.least_amount,
        count(charges.amount) as charges,
        coalesce(sum(charges.amount), 0) as amount,
        count(distinct epoch(charges.received_at) // published.usual_seconds) as runs
    from thresholds
    cross join published
    left join charges
        on thresholds.least_amount <= charges.amount
    group by thresholds.least_amount
),

whole as (
    select
        count(*) as charges,
        sum(charges.amount) as amount
    from charges
)

select
    at_once.least_amount,
    $reporting_currency as currency,
    at_once.charges,
    at_once.charges / nullif(whole.charges, 0) as share_of_charges,
    at_once.amount / nullif(whole.amount, 0) as share_of_amount,
    at_once.runs / 28 as runs_a_day,
    at_once.runs * published.usual_seconds * published.price_per_hour / 3600 / 28 as cost_a_day,
    published.cost_currency
from at_once
cross join whole
cross join published
where whole.charges > 0
order by at_once.least_amount
