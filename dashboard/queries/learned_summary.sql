-- One row: what of payers was learned, and how many suggestions people have answered.
with payers as (
    select
        count(*) filter (dim_learned_payers.status = 'active') as active_count,
        count(*) filter (dim_learned_payers.status = 'conflicting') as conflicting_count,
        count(*) filter (dim_learned_payers.status = 'removed') as removed_count
    from marts.dim_learned_payers
),

answers as (
    select
        count(*) filter (fct_matches.decision = 'approved') as approved_count,
        count(*) filter (fct_matches.decision = 'rejected') as rejected_count,
        count(*) filter (fct_matches.decision = 'reversed') as reversed_count
    from marts.fct_matches
    where fct_matches.decision in ('approved', 'rejected', 'reversed')
)

select
    payers.active_count,
    payers.conflicting_count,
    payers.removed_count,
    answers.approved_count,
    answers.rejected_count,
    answers.reversed_count
from payers
cross join answers
