-- One row per item and match of one of $amounts (each sign is one), the newest of each; a blank
-- currency is any. row_count says how many there are.
with item_rows as (
    select
        fct_items.rowid as row_id,
        fct_items.event_date,
        count(*) over () as row_count
    from marts.fct_items
    where
        list_contains(
            cast(cast($amounts as varchar []) as decimal(38, 10) []), fct_items.amount
        )
        and ($currency = '' or fct_items.currency = $currency)
    order by fct_items.event_date desc, fct_items.rowid
    limit 80
),

items as (
    select
        'item' as kind,
        fct_items.item_type as qualifier,
        fct_items.item_id as key,
        any_value(fct_items.document_number) as title,
        any_value(fct_items.party_id) as party_id,
        any_value(fct_items.event_date) as happened_on,
        any_value(fct_items.currency) as currency,
        any_value(fct_items.amount) as amount,
        string_agg(distinct fct_items.status, ', ' order by fct_items.status) as status,
        any_value(item_rows.row_count) as row_count
    from marts.fct_items
    inner join item_rows
        on fct_items.rowid = item_rows.row_id
    group by fct_items.item_type, fct_items.item_id
),

match_rows as (
    select
        fct_matches.rowid as row_id,
        count(*) over () as row_count
    from marts.fct_matches
    where
        list_contains(
            cast(cast($amounts as varchar []) as decimal(38, 10) []), fct_matches.amount
        )
        and ($currency = '' or fct_matches.currency = $currency)
    order by fct_matches.decided_at desc, fct_matches.rowid
    limit 20
),

matches as (
    select
        'match' as kind,
        null as qualifier,
        fct_matches.match_id as key,
        fct_matches.explanation as title,
        null as party_id,
        cast(fct_matches.decided_at as date) as happened_on,
        fct_matches.currency,
        fct_matches.amount,
        fct_matches.decision as status,
        match_rows.row_count
    from marts.fct_matches
    inner join match_rows
        on fct_matches.rowid = match_rows.row_id
),

found as (
    select * from items
    union all
    select * from matches
)

select
    found.kind,
    found.qualifier,
    found.key,
    found.title,
    found.party_id as customer_id,
    dim_customers.legal_name as customer,
    found.happened_on,
    found.currency,
    found.amount,
    found.status,
    found.row_count
from found
left join marts.dim_customers
    on found.party_id = dim_customers.customer_id
order by found.kind, found.happened_on desc nulls last, found.qualifier, found.key
limit 60
