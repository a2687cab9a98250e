with

decisions as (
    select *
    from {{ ref('stg_review__decisions') }}
    where action in ('create_match', 'write_off') and decided_at <= {{ as_of() }}
),

refused as (select * from {{ ref('int_orders__refused') }}),

refusals as (select * from {{ ref('order_refusals') }}),

matches as (select * from {{ ref('int_matches__decided') }}),

rejections as (
    select distinct entries.subject_id as match_id
    from {{ ref('stg_tieout__journal_entries') }} as entries
    where entries.entry_type = 'match_rejected'
),

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
            when rejections.match_id is not null then 'rejected'
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
    left join rejections
        on orders.order_match_id = rejections.match_id
)

select * from final
