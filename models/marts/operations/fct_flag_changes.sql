with

changes as (select * from {{ ref('int_flags__changed') }}),

final as (
    select
        changes.control_id as change_id,
        changes.flag,
        changes.rule_id,
        changes.customer_id,
        changes.state_before,
        changes.state_after,
        changes.starts_at,
        changes.ends_at,
        changes.held_from,
        changes.held_until,
        changes.is_in_force,
        changes.reason,
        changes.actor,
        changes.noted_at
    from changes
)

select * from final
