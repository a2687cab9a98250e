-- One row per learned payer of one page of the list, the last learned first; blanks filter nothing.
-- $payer: one of them by its key. $status: active | conflicting | removed.
with chosen as (
    select
        dim_learned_payers.*,
        dim_customers.legal_name as customer,
        count(*) over () as row_count
    from marts.dim_learned_payers
    left join marts.dim_customers
        on dim_learned_payers.customer_id = dim_customers.customer_id
    where
        ($payer = '' or dim_learned_payers.learned_key = $payer)
        and ($status = '' or dim_learned_payers.status = $status)
        and (
            $search = ''
            or contains(lower(dim_learned_payers.key_value), lower($search))
            or contains(lower(dim_learned_payers.customer_id), lower($search))
            or contains(lower(dim_customers.legal_name), lower($search))
        )
    order by
        dim_learned_payers.last_seen_at desc nulls last,
        dim_learned_payers.match_count desc,
        dim_learned_payers.learned_key
    limit $limit offset $offset
)

select
    chosen.*,
    fct_matches.explanation,
    fct_matches.decision,
    fct_matches.decided_by,
    fct_matches.decided_at,
    fct_matches.amount,
    fct_matches.currency
from chosen
left join marts.fct_matches
    on chosen.last_match_id = fct_matches.match_id
order by
    chosen.last_seen_at desc nulls last,
    chosen.match_count desc,
    chosen.learned_key
