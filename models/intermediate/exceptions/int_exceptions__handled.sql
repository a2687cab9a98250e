-- What people did about an exception: who has it, whether it was escalated, what they wrote last.
with

decisions as (
    select
        decisions.decision_id,
        decisions.exception_id,
        decisions.action,
        decisions.actor,
        decisions.items,
        decisions.comment,
        decisions.decided_at,
        {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id as decision_order
    from {{ ref('stg_review__decisions') }} as decisions
    where
        decisions.exception_id is not null
        and decisions.action in ('assign', 'escalate', 'comment', 'resolve')
        and decisions.decided_at <= {{ as_of() }}
),

-- whoever assigns a case to another person names that person as its item
named_people as (
    select
        decisions.decision_id,
        min(decisions.named_items.item_id) as person
    from {{ with_json_elements('decisions', 'items', 'named_items', ['item_type', 'item_id']) }}
    where decisions.action = 'assign' and decisions.named_items.item_type = 'person'
    group by decisions.decision_id
),

final as (
    select
        decisions.exception_id,
        max_by(
            case
                when decisions.action = 'assign'
                    then coalesce(named_people.person, decisions.actor)
            end,
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
    left join named_people
        on decisions.decision_id = named_people.decision_id
    group by decisions.exception_id
)

select * from final
