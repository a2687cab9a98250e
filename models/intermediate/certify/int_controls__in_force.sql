-- What people have paused or silenced at the run's as_of. The last word on a thing holds: an end,
-- or another end, is said by a later row of the same kind and key.
with

controls as (
    select *
    from {{ ref('stg_tieout__controls') }}
    where noted_at <= {{ as_of() }}
),

last_words as (
    select controls.*
    from controls
    qualify row_number() over (
        partition by controls.kind, controls.control_key
        order by controls.noted_at desc nulls last, controls.control_id desc nulls last
    ) = 1
),

final as (
    select
        last_words.control_id,
        last_words.kind,
        last_words.control_key,
        last_words.alert_name,
        last_words.group_key,
        last_words.starts_at,
        last_words.ends_at,
        last_words.reason,
        last_words.actor
    from last_words
    where
        last_words.starts_at <= {{ as_of() }}
        and (last_words.ends_at is null or last_words.ends_at > {{ as_of() }})
)

select * from final
