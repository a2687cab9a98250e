-- One row per match of one page of the list, newest first; blanks filter nothing.
-- $sort: newest | amount. $from_day, $to_day: when it was decided, both inclusive. $least and
-- $most: amounts in the match's currency.
with of_customer as (
    select distinct fct_match_allocations.match_id
    from marts.fct_match_allocations
    inner join marts.fct_items
        on
            fct_match_allocations.reconciliation = fct_items.reconciliation
            and fct_match_allocations.item_type = fct_items.item_type
            and fct_match_allocations.item_id = fct_items.item_id
    where $customer <> '' and fct_items.party_id = $customer
),

chosen as (
    select
        fct_matches.match_id,
        fct_matches.currency,
        fct_matches.amount,
        fct_matches.decided_at
    from marts.fct_matches
    where
        ($rule = '' or fct_matches.rule_id = $rule)
        and ($version = '' or fct_matches.rule_version = $version)
        and ($reconciliation = '' or fct_matches.reconciliation = $reconciliation)
        and (
            $decision = ''
            or fct_matches.decision = $decision
            or ($decision = 'waiting' and fct_matches.decision in ('suggested', 'pending_approval'))
            or ($decision = 'undone' and fct_matches.decision in ('reversed', 'rejected'))
        )
        and ($currency = '' or fct_matches.currency = $currency)
        and ($run = '' or fct_matches.run_id = $run)
        and (
            $from_day = '' or fct_matches.decided_at >= try_cast($from_day as date)
        )
        and (
            $to_day = ''
            or fct_matches.decided_at < try_cast($to_day as date) + interval 1 day
        )
        and ($least = '' or fct_matches.amount >= try_cast($least as decimal(38, 10)))
        and ($most = '' or fct_matches.amount <= try_cast($most as decimal(38, 10)))
        and (
            $customer = ''
            or fct_matches.match_id in (select of_customer.match_id from of_customer)
        )
),

by_currency as (
    select
        chosen.currency,
        count(*) as match_count,
        sum(chosen.amount) as amount
    from chosen
    group by chosen.currency
),

totals as (
    select
        cast(sum(by_currency.match_count) as bigint) as row_count,
        case
            when count(*) = count(dim_currencies.rate)
                then cast(sum(by_currency.amount * dim_currencies.rate) as decimal(38, 2))
        end as base_total
    from by_currency
    left join marts.dim_currencies
        on by_currency.currency = dim_currencies.currency
),

page as (
    select chosen.match_id
    from chosen
    order by
        case $sort when 'amount' then chosen.amount end desc nulls last,
        chosen.decided_at desc nulls last,
        chosen.match_id
    limit $limit offset $offset
),

parties as (
    select
        fct_match_allocations.match_id,
        min(fct_items.party_id) as customer_id
    from marts.fct_match_allocations
    inner join page
        on fct_match_allocations.match_id = page.match_id
    inner join marts.fct_items
        on
            fct_match_allocations.reconciliation = fct_items.reconciliation
            and fct_match_allocations.item_type = fct_items.item_type
            and fct_match_allocations.item_id = fct_items.item_id
    where fct_items.party_id is not null
    group by fct_match_allocations.match_id
)

select
    fct_matches.match_id,
    fct_matches.reconciliation,
    fct_matches.rule_id,
    fct_matches.rule_version,
    fct_matches.method,
    fct_matches.decision,
    fct_matches.confidence,
    fct_matches.explanation,
    fct_matches.item_count,
    fct_matches.currency,
    fct_matches.amount,
    fct_matches.difference_amount,
    fct_matches.decided_at,
    fct_matches.decided_by,
    parties.customer_id,
    dim_customers.legal_name as customer,
    totals.row_count,
    totals.base_total
from page
inner join marts.fct_matches
    on page.match_id = fct_matches.match_id
left join parties
    on page.match_id = parties.match_id
left join marts.dim_customers
    on parties.customer_id = dim_customers.customer_id
cross join totals
order by
    case $sort when 'amount' then fct_matches.amount end desc nulls last,
    fct_matches.decided_at desc nulls last,
    fct_matches.match_id
