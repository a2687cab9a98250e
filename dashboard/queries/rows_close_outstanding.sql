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
    select fct_items.*
    from marts.fct_items
    where
        fct_items.reconciliation = 'bank_to_ledger'
        and fct_items.status <> 'set_aside'
        and ($account = '' or fct_items.party_id = $account)
        and ($currency = '' or fct_items.currency = $currency)
),

allocations as (
    select fct_match_allocations.*
    from marts.fct_match_allocations
    semi join (select fct_matches.match_id from marts.fct_matches where fct_matches.is_live) as live
        on fct_match_allocations.match_id = live.match_id
    where fct_match_allocations.reconciliation = 'bank_to_ledger'
),

later_matches as (
    select distinct allocations.match_id
    from allocations
    inner join items
        on
            allocations.side = items.side
            and allocations.item_type = items.item_type
            and allocations.item_id = items.item_id
    cross join cut
    where items.event_date > cut.period_end
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
)

select
    found.side,
    found.item_type,
    found.item_id,
    found.party_id as account_id,
    found.event_date,
    found.currency,
    found.amount,
    found.outstanding_amount,
    found.base_amount,
    case when found.is_cleared_later then 'matched later' else found.status end as status,
    found.document_number,
    found.memo,
    reporting.code as reporting_currency,
    totals.row_count,
    by_currency.totals,
    totals.base_total
from found
cross join totals
cross join by_currency
cross join reporting
order by found.party_id, found.side, found.event_date, found.item_type, found.item_id
limit $limit offset $offset
