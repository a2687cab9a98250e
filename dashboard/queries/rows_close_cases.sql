-- One row per case that blocks a close, the oldest first: of the period that begins on $period or of one
-- before. $check: unexplained_bank_lines | blocking_exceptions; amounts in the reporting currency
-- without sign. $digits: minor digits of the reporting currency.
with
-- include: close_cut

reporting as (
    select max(agg_executive_daily.currency) as code
    from marts.agg_executive_daily
),

found as (
    select
        fct_exceptions.*,
        fct_items.event_date,
        abs(fct_exceptions.base_amount) as base_size
    from marts.fct_exceptions
    inner join marts.fct_items
        on
            fct_exceptions.reconciliation = fct_items.reconciliation
            and fct_exceptions.side = fct_items.side
            and fct_exceptions.item_type = fct_items.item_type
            and fct_exceptions.item_id = fct_items.item_id
    cross join cut
    where
        fct_exceptions.is_case_lead
        and fct_exceptions.status <> 'resolved'
        and fct_exceptions.blocks_close
        and fct_exceptions.exception_type
        not in ('statement_missing', 'control_total_mismatch', 'posting_failed')
        and fct_items.event_date <= cut.period_end
        and (fct_exceptions.exception_type = 'unexplained_bank_line')
        = ($check = 'unexplained_bank_lines')
),

totals as (
    select
        count(*) as row_count,
        case try_cast($digits as integer)
            when 0 then round(sum(found.base_size), 0)::decimal(38, 10)
            when 3 then round(sum(found.base_size), 3)::decimal(38, 10)
            else round(sum(found.base_size), 2)::decimal(38, 10)
        end as base_total
    from found
)

select
    found.exception_id,
    found.exception_type,
    found.reconciliation,
    found.item_type,
    found.item_id,
    found.customer_id,
    dim_customers.legal_name as customer,
    found.event_date,
    found.currency,
    found.amount,
    found.base_size as base_amount,
    found.severity,
    found.status,
    found.detail,
    found.recommendation,
    reporting.code as reporting_currency,
    totals.row_count,
    totals.base_total
from found
cross join totals
cross join reporting
left join marts.dim_customers on found.customer_id = dim_customers.customer_id
order by found.event_date asc nulls last, found.exception_id
limit $limit offset $offset
