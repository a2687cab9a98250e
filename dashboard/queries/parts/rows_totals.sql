-- `totals`, one row: of `valued`, how many rows there are, their sums by currency and in the reporting
-- currency. $digits: minor digits of the reporting currency.
sums as (
    select
        valued.currency,
        count(*) as row_count,
        sum(valued.measured) as amount,
        sum(valued.base_amount) as base_amount
    from valued
    group by valued.currency
),

totals as (
    select
        sum(sums.row_count)::bigint as row_count,
        list({'currency': sums.currency, 'amount': sums.amount} order by sums.row_count desc)
            as totals,
        case try_cast($digits as integer)
            when 0 then round(sum(sums.base_amount), 0)::decimal(38, 10)
            when 3 then round(sum(sums.base_amount), 3)::decimal(38, 10)
            else round(sum(sums.base_amount), 2)::decimal(38, 10)
        end as base_total
    from sums
),
