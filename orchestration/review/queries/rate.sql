-- The rate at which an item of a day counts in the reporting currency.
select rates.rate
from marts.fct_fx_rates as rates
where rates.currency = $currency and rates.rate_date = $day
