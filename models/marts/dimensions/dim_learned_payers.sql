with

learned_payers as (select * from {{ ref('int_payers__learned') }}),

final as (
    select
        learned_payers.learned_key,
        learned_payers.key_kind,
        learned_payers.key_value,
        learned_payers.customer_id,
        learned_payers.match_count,
        learned_payers.other_match_count,
        learned_payers.first_seen_at,
        learned_payers.last_seen_at,
        learned_payers.last_match_id,
        learned_payers.applies_after,
        learned_payers.status,
        learned_payers.removed_by,
        learned_payers.removed_at
    from learned_payers
)

select * from final
