-- What was learned of a payer under a key.
select
    learned.key_kind,
    learned.key_value,
    learned.customer_id,
    learned.match_count,
    learned.status,
    learned.removed_by
from marts.dim_learned_payers as learned
where learned.learned_key = $learned_key
