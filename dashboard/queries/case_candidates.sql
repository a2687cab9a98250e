-- One row per item of a candidate of one item in one reconciliation, best candidate first. A
-- candidate is another item, or a match that may hold several. $proposed: matches that the
-- exception names; they come first. gap_amount: what the candidate's items have open beside what
-- the item has open, above zero for more; null across currencies.
with mine as (
    select *
    from marts.fct_items
    where
        fct_items.reconciliation = $reconciliation
        and fct_items.item_type = $item_type
        and fct_items.item_id = $item_id
),

considered as (
    select
        fct_match_candidates.rank,
        fct_match_candidates.match_id,
        fct_match_candidates.other_item_type,
        fct_match_candidates.other_item_id,
        fct_match_candidates.score,
        fct_match_candidates.score_parts,
        coalesce(fct_match_candidates.why_not_meaning, fct_match_candidates.why_not) as why_not
    from marts.fct_match_candidates
    where
        fct_match_candidates.item_type = $item_type
        and fct_match_candidates.item_id = $item_id
),

candidates as (
    select * from considered
    union all
    select
        0 as rank,
        proposals.match_id,
        null as other_item_type,
        null as other_item_id,
        fct_matches.confidence as score,
        null as score_parts,
        null as why_not
    from unnest(cast($proposed as varchar [])) as proposals (match_id)
    inner join marts.fct_matches
        on proposals.match_id = fct_matches.match_id
    where
        list_contains(cast($proposed as varchar []), fct_matches.match_id)
        and proposals.match_id not in (
            select considered.match_id
            from considered
            where considered.match_id is not null
        )
),

allocations as (
    select *
    from marts.fct_match_allocations
    where fct_match_allocations.match_id in (select candidates.match_id from candidates)
),

-- the other items of each candidate, and what the match would close of them
others as (
    select
        candidates.*,
        candidates.other_item_type as item_type,
        candidates.other_item_id as item_id,
        cast(null as decimal(38, 10)) as closes_amount
    from candidates
    where candidates.match_id is null
    union all
    select
        candidates.*,
        allocations.item_type,
        allocations.item_id,
        allocations.allocated_amount + allocations.adjusted_amount as closes_amount
    from candidates
    inner join allocations
        on candidates.match_id = allocations.match_id
    where
        allocations.item_type <> $item_type
        or allocations.item_id <> $item_id
),

-- large tables are narrowed to what is shown before they are joined
items as (
    select *
    from marts.fct_items
    where
        fct_items.reconciliation = $reconciliation
        and fct_items.item_id in (select others.item_id from others)
),

invoices as (
    select
        fct_invoices.invoice_id,
        fct_invoices.invoice_number,
        fct_invoices.due_date
    from marts.fct_invoices
    where fct_invoices.invoice_id in (select others.item_id from others)
),

matches as (
    select *
    from marts.fct_matches
    where fct_matches.match_id in (select candidates.match_id from candidates)
)

select
    others.rank,
    others.match_id,
    others.score,
    others.score_parts,
    others.why_not,
    others.item_type,
    others.item_id,
    others.closes_amount,
    items.side,
    items.side = mine.side as is_same_side,
    coalesce(invoices.invoice_number, items.document_number) as document_number,
    items.memo,
    items.party_id as customer_id,
    dim_customers.legal_name as customer,
    items.party_id = mine.party_id as is_same_party,
    mine.party_id as mine_party_id,
    items.event_date,
    invoices.due_date,
    date_diff('day', items.event_date, mine.event_date) as days_after,
    items.currency,
    items.amount,
    items.open_amount,
    items.status,
    case
        when
            count(*) filter (items.currency is distinct from mine.currency)
                over (partition by others.rank, others.match_id, others.other_item_id)
            = 0
            then
                sum(case when items.side = mine.side then -1 else 1 end * abs(items.open_amount))
                    over (partition by others.rank, others.match_id, others.other_item_id)
                - abs(mine.open_amount)
    end as gap_amount,
    mine.currency as gap_currency,
    matches.rule_id,
    matches.decision,
    matches.confidence,
    matches.explanation,
    matches.difference_amount,
    matches.currency as match_currency,
    list_contains(cast($proposed as varchar []), others.match_id) as is_proposed
from others
inner join mine on true
left join items
    on
        others.item_type = items.item_type
        and others.item_id = items.item_id
left join invoices
    on
        others.item_type in ('invoice', 'credit_memo')
        and others.item_id = invoices.invoice_id
left join marts.dim_customers
    on items.party_id = dim_customers.customer_id
left join matches
    on others.match_id = matches.match_id
order by
    is_proposed desc nulls last,
    others.rank,
    others.match_id,
    is_same_side,
    items.event_date,
    others.item_type,
    others.item_id
limit 80
