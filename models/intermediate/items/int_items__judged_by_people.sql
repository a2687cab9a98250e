-- What people have said of an item: a duplicate, none, or money that is not ours. The latest word
-- holds, whether it names the item or the exception about it.
with

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where
        action in ('mark_duplicate', 'not_a_duplicate', 'mark_not_ours')
        and decided_at <= {{ as_of() }}
),

known_exceptions as (select * from {{ ref('int_exceptions__journal') }}),

said as (
    select
        decisions.named_items.item_type,
        decisions.named_items.item_id,
        decisions.action,
        {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id as decision_order
    from {{ with_json_elements('decisions', 'items', 'named_items', ['item_type', 'item_id']) }}
    union all
    select
        known_exceptions.item_type,
        known_exceptions.item_id,
        decisions.action,
        {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id as decision_order
    from decisions
    inner join known_exceptions
        on decisions.exception_id = known_exceptions.exception_id
    where decisions.items is null
),

latest as (
    select
        said.item_type,
        said.item_id,
        max_by(said.action, said.decision_order) as judgement
    from said
    where said.item_id is not null
    group by said.item_type, said.item_id
),

final as (
    select
        latest.item_type,
        latest.item_id,
        latest.judgement,
        case latest.judgement
            when 'mark_duplicate' then 'duplicate'
            when 'mark_not_ours' then 'not_ours'
        end as set_aside_reason
    from latest
)

select * from final
