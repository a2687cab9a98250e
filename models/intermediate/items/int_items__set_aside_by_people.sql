-- What people have set aside: a duplicate, or money that is not ours. The latest word holds.
with

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action in ('mark_duplicate', 'mark_not_ours') and decided_at <= {{ as_of() }}
),

final as (
    select
        decisions.named_items.item_type,
        decisions.named_items.item_id,
        max_by(
            case
                when decisions.action = 'mark_duplicate' then 'duplicate'
                else 'not_ours'
            end,
            {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id
        ) as set_aside_reason
    from {{ with_json_elements('decisions', 'items', 'named_items', ['item_type', 'item_id']) }}
    group by decisions.named_items.item_type, decisions.named_items.item_id
)

select * from final
