with

source as (

    select * from {{ source('tieout', 'controls') }}

),

final as (

    select
        control_id,
        kind,
        control_key,
        case when kind like '%_paused' then split_part(control_key, ':', 1) end as rule_id,
        case
            when kind like '%_paused'
                then coalesce(
                    nullif(substring(control_key, length(split_part(control_key, ':', 1)) + 2), ''),
                    '*'
                )
        end as customer_id,
        alert_name,
        group_key,
        starts_at,
        ends_at,
        reason,
        actor,
        noted_at,
        recurs
    from source

)

select * from final
