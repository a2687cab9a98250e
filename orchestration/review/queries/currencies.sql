-- What amounts of a currency are in the reporting currency, by the largest exception of each.
select
    exceptions.currency,
    arg_max(exceptions.amount, abs(exceptions.amount)) as amount,
    arg_max(exceptions.base_amount, abs(exceptions.amount)) as base_amount
from marts.fct_exceptions as exceptions
where exceptions.amount <> 0 and exceptions.base_amount <> 0
group by exceptions.currency
