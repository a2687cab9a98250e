-- What people did about an exception: who has it, whether it was escalated, what they wrote last.
with

decisions as (
    select
        decisions.exception_id,
        decisions.action,
        decisions.actor,
        decisions.comment,
        decisions.decided_at,
        {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id as decision_order
    from {{ ref('stg_review__decisions') }} as decisions
    where
        decisions.exception_id is not null
        and decisions.action in ('assign', 'escalate', 'comment', 'resolve')
        and decisions.decided_at <= {{ as_of() }}
),

final as (
    select
        decisions.exception_id,
        max_by(
            case when decisions.action = 'assign' then decisions.actor end,
            case when decisions.action = 'assign' then decisions.decision_order end
        ) as assigned_to,
        max_by(
            case when decisions.action in ('assign', 'escalate') then decisions.action end,
            case
                when decisions.action in ('assign', 'escalate') then decisions.decision_order
            end
        ) as last_move,
        max_by(
            decisions.comment,
            case when decisions.comment is not null then decisions.decision_order end
        ) as last_comment,
        cast(count(decisions.comment) as bigint) as comment_count,
        max(decisions.decided_at) as last_handled_at
    from decisions
    group by decisions.exception_id
)

select * from final
