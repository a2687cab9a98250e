-- One row per bank line or ledger entry that only one side shows at the end of the period that begins on
-- $period: open by now, or matched with something of a later day. Signed as it leads from the balance
-- per bank to the balance per books. $digits: minor digits of the reporting currency; empty strings
-- filter nothing.
with cut as (
    select
        coalesce(last_day(try_cast($period as date)), max(fct_runs.as_of)::date) as period_end,
        max(fct_runs.as_of) as as_of
    from marts.fct_runs
),

reporting as (
    select max(agg_executive_daily.currency) as code
    from marts.agg_executive_daily
),

items as (
    select
        fct_items.side,
        fct_items.item_type,
        fct_items.item_id,
        fct_items.party_id,
        fct_items.event_date,
        fct_items.currency,
        fct_items.open_amount,
        fct_items.status
    from marts.fct_items
    where
        fct_items.reconciliation = 'bank_to_ledger'
        and fct_items.status <> 'set_aside'
        and ($account = '' or fct_items.party_id = $account)
        and ($currency = '' or fct_items.currency = $currency)
),

later_items as (
    select
        items.side,
        items.item_type,
        items.item_id
    from items
    cross join cut
    where items.event_date > cut.period_end and items.status in ('closed', 'partial')
),

allocations as (
    select
        fct_match_allocations.match_id,
        fct_match_allocations.side,
        fct_match_allocations.item_type,
        fct_match_allocations.item_id,
        fct_match_allocations.allocated_amount,
        fct_match_allocations.adjusted_amount
    from marts.fct_match_allocations
    where fct_match_allocations.reconciliation = 'bank_to_ledger'
),

later_matches as (
    select distinct allocations.match_id
    from allocations
    semi join later_items
        on
            allocations.side = later_items.side
            and allocations.item_type = later_items.item_type
            and allocations.item_id = later_items.item_id
    inner join marts.fct_matches
        on allocations.match_id = fct_matches.match_id and fct_matches.is_live
),

cleared_later as (
    select
        allocations.side,
        allocations.item_type,
        allocations.item_id,
        sum(allocations.allocated_amount + allocations.adjusted_amount) as amount
    from allocations
    semi join later_matches on allocations.match_id = later_matches.match_id
    group by allocations.side, allocations.item_type, allocations.item_id
),

standing as (
    select
        items.*,
        case items.side when 'expected' then -1 else 1 end
        * (items.open_amount + coalesce(cleared_later.amount, 0)) as outstanding_amount,
        cleared_later.amount is not null as is_cleared_later
    from items
    cross join cut
    left join cleared_later
        on
            items.side = cleared_later.side
            and items.item_type = cleared_later.item_type
            and items.item_id = cleared_later.item_id
    where items.event_date <= cut.period_end and ($side = '' or items.side = $side)
),

found as (
    select
        standing.*,
        (
            standing.outstanding_amount
            * case when standing.currency = reporting.code then 1 else fct_fx_rates.rate end
        )::decimal(38, 10) as base_amount
    from standing
    cross join reporting
    left join marts.fct_fx_rates
        on
            standing.currency = fct_fx_rates.currency
            and standing.event_date = fct_fx_rates.rate_date
    where standing.outstanding_amount <> 0
),

sums as (
    select
        found.currency,
        count(*) as row_count,
        sum(found.outstanding_amount) as amount
    from found
    group by found.currency
),

by_currency as (
    select
        list({'currency': sums.currency, 'amount': sums.amount} order by sums.row_count desc)
            as totals
    from sums
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
),

page as (
    select *
    from found
    order by found.party_id, found.side, found.event_date, found.item_type, found.item_id
    limit $limit offset $offset
)

select
    page.side,
    page.item_type,
    page.item_id,
    page.party_id as account_id,
    page.event_date,
    page.currency,
    fct_items.amount,
    page.outstanding_amount,
    page.base_amount,
    case when page.is_cleared_later then 'matched later' else page.status end as status,
    fct_items.document_number,
    fct_items.memo,
    reporting.code as reporting_currency,
    totals.row_count,
    by_currency.totals,
    totals.base_total
from page
inner join marts.fct_items
    on
        fct_items.reconciliation = 'bank_to_ledger'
        and page.side = fct_items.side
        and page.item_type = fct_items.item_type
        and page.item_id = fct_items.item_id
cross join totals
cross join by_currency
cross join reporting
order by page.party_id, page.side, page.event_date, page.item_type, page.item_id
