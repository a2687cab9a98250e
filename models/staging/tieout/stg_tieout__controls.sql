with

source as (

    select * from {{ source('tieout', 'controls') }}

),

final as (

    select
        control_id,
        kind,
        control_key,
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
