-- One row per candidate that was considered for an item, best first, with the reason against it.
with candidates as (
    select *
    from marts.fct_match_candidates
    where
        fct_match_candidates.item_type = $item_type
        and fct_match_candidates.item_id = $item_id
),

others as (
    select
        fct_items.item_type,
        fct_items.item_id,
        any_value(fct_items.event_date) as event_date,
        any_value(fct_items.currency) as currency,
        any_value(fct_items.amount) as amount,
        any_value(fct_items.party_id) as party_id
    from marts.fct_items
    inner join candidates
        on
            fct_items.item_type = candidates.other_item_type
            and fct_items.item_id = candidates.other_item_id
    group by fct_items.item_type, fct_items.item_id
)

select
    candidates.rank,
    candidates.match_id,
    candidates.other_item_type,
    candidates.other_item_id,
    others.event_date,
    coalesce(others.currency, fct_matches.currency) as currency,
    coalesce(others.amount, fct_matches.amount) as amount,
    dim_customers.legal_name as customer,
    candidates.score,
    candidates.score_parts,
    coalesce(candidates.why_not_meaning, candidates.why_not) as why_not,
    fct_matches.explanation
from candidates
left join others
    on
        candidates.other_item_type = others.item_type
        and candidates.other_item_id = others.item_id
left join marts.dim_customers
    on others.party_id = dim_customers.customer_id
left join marts.fct_matches
    on candidates.match_id = fct_matches.match_id
order by candidates.rank, candidates.other_item_type, candidates.other_item_id
limit 50
