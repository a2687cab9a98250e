with

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action in ('create_match', 'write_off') and decided_at <= {{ as_of() }}
),

refused as (select * from {{ ref('int_orders__refused') }}),

refusals as (select * from {{ ref('order_refusals') }}),

matches as (select * from {{ ref('int_matches__decided') }}),

orders as (
    select
        decisions.*,
        {{ order_match_id('decisions.decision_id') }} as order_match_id
    from decisions
),

final as (
    select
        orders.decision_id,
        orders.action,
        orders.actor,
        orders.approved_by,
        orders.decided_at,
        orders.items,
        orders.comment,
        matches.match_id,
        case
            when refused.decision_id is not null then 'refused'
            when matches.decision = 'approved' then 'done'
            else matches.decision
        end as outcome,
        refused.refusal,
        refusals.meaning as refusal_meaning
    from orders
    left join refused
        on orders.decision_id = refused.decision_id
    left join refusals
        on refused.refusal = refusals.code
    left join matches
        on orders.order_match_id = matches.match_id
)

select * from final
