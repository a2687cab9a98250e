-- What people ordered goes before every pass: a match by hand, or a write-off of what is open.
-- It stands like any sealed match, and no run moves it.
with

orders as (
    select *
    from {{ ref('int_orders__judged') }}
    where refusal is null
),

allocated as (select * from {{ ref('int_orders__allocated') }}),

parts as (
    select
        orders.action,
        orders.actor,
        orders.comment,
        orders.needs_second_person,
        allocated.*,
        orders.action = 'write_off' as is_write_off
    from orders
    inner join allocated
        on orders.decision_id = allocated.decision_id
    where allocated.item_part <> {{ zero() }}
),

final as (
    select
        'people' as pass,
        parts.decision_id as group_name,
        case when parts.is_write_off then 'write_off' else 'manual' end as rule_id,
        '1' as rule_version,
        case when parts.is_write_off then 'write_off' else 'manual' end as relation,
        case when parts.needs_second_person then 'second_person' end as ambiguity,
        parts.actor || coalesce(' (' || parts.comment || ')', '') as evidence,
        {{ as_amount(
            "sum(case when parts.side = 'expected' then parts.match_part else 0 end)"
            ~ " over (partition by parts.decision_id)"
        ) }} as expected_total,
        {{ as_amount(
            "sum(case when parts.side = 'actual' then parts.match_part else 0 end)"
            ~ " over (partition by parts.decision_id)"
        ) }} as actual_total,
        parts.item_key,
        parts.match_currency,
        case when parts.is_write_off then {{ zero() }} else parts.item_part end
            as allocated_amount,
        case when parts.is_write_off then parts.item_part else {{ zero() }} end as adjusted_amount,
        case when parts.is_write_off then {{ zero() }} else parts.match_part end as match_amount,
        case when parts.is_write_off then parts.match_part else {{ zero() }} end
            as match_adjusted_amount
    from parts
)

select * from final
