-- One row per item behind a check of the close, oldest first: of the period that begins on $period or
-- of one before. $check: items_past_window | unapplied_receipts; $digits: minor digits of the
-- reporting currency. Items past their window count without sign.
with
-- include: close_cut

reporting as (
    select max(agg_executive_daily.currency) as code
    from marts.agg_executive_daily
),

found as (
    select
        fct_items.*,
        case when $check = 'items_past_window' then abs(fct_items.open_amount)
            else fct_items.open_amount
        end
        * case when fct_items.currency = reporting.code then 1 else fct_fx_rates.rate end
            as base_amount
    from marts.fct_items
    cross join cut
    cross join reporting
    left join marts.fct_fx_rates
        on
            fct_items.currency = fct_fx_rates.currency
            and fct_items.event_date = fct_fx_rates.rate_date
    where
        fct_items.event_date <= cut.period_end
        and fct_items.status in ('open', 'partial', 'in_review')
        and case $check
            when 'items_past_window' then fct_items.due_for_match_at <= cut.as_of
            else fct_items.reconciliation = 'invoice_to_receipt' and fct_items.side = 'actual'
        end
),

totals as (
    select
        count(*) as row_count,
        case try_cast($digits as integer)
            when 0 then round(sum(found.base_amount), 0)::decimal(38, 10)
            when 3 then round(sum(found.base_amount), 3)::decimal(38, 10)
            else round(sum(found.base_amount), 2)::decimal(38, 10)
        end as base_total
    from found
)

select
-- include: item_columns
    reporting.code as reporting_currency,
    totals.row_count,
    totals.base_total
from found as fct_items
cross join totals
cross join reporting
left join marts.dim_customers on fct_items.party_id = dim_customers.customer_id
order by
    fct_items.event_date asc nulls last,
    fct_items.reconciliation,
    fct_items.side,
    fct_items.item_type,
    fct_items.item_id
limit $limit offset $offset
