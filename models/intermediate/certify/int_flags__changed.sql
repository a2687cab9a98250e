-- What people have said of flags until the run's as_of, word by word: closing, posting and issuance
-- are running until somebody pauses them, of all, of a rule or of a customer. A word holds until
-- its end, or until the next one of the same kind and key.
with

words as (
    select *
    from {{ ref('stg_tieout__controls') }}
    where kind like '%_paused' and noted_at <= {{ as_of() }}
),

followed as (
    select
        words.*,
        greatest(words.starts_at, words.noted_at) as held_from,
        least(
            coalesce(words.ends_at, cast('9999-12-31' as timestamp)),
            coalesce(
                lead(words.noted_at) over same_flag, cast('9999-12-31' as timestamp)
            )
        ) as held_until,
        lag(words.starts_at) over same_flag as starts_before,
        lag(coalesce(words.ends_at, cast('9999-12-31' as timestamp))) over same_flag as ends_before
    from words
    window
        same_flag as (
            partition by words.kind, words.control_key
            order by words.noted_at asc nulls last, words.control_id asc nulls last
        )
),

final as (
    select
        followed.control_id,
        replace(followed.kind, '_paused', '') as flag,
        followed.rule_id,
        followed.customer_id,
        case
            when
                followed.starts_before <= followed.noted_at
                and followed.ends_before > followed.noted_at
                then 'paused'
            else 'running'
        end as state_before,
        case when followed.ends_at <= followed.noted_at then 'running' else 'paused' end
            as state_after,
        followed.starts_at,
        followed.ends_at,
        case when followed.held_until > followed.held_from then followed.held_from end
            as held_from,
        case
            when
                followed.held_until > followed.held_from
                and followed.held_until < cast('9999-12-31' as timestamp)
                then followed.held_until
        end as held_until,
        coalesce(
            followed.held_from <= {{ as_of() }} and followed.held_until > {{ as_of() }}, false
        ) as is_in_force,
        followed.reason,
        followed.actor,
        followed.noted_at,
        {{ sha256_hex(json_object([
            ['actor', 'followed.actor'],
            ['control_id', 'followed.control_id'],
            ['control_key', 'followed.control_key'],
            ['ends_at', iso_timestamp('followed.ends_at')],
            ['kind', 'followed.kind'],
            ['noted_at', iso_timestamp('followed.noted_at')],
            ['reason', 'followed.reason'],
            ['starts_at', iso_timestamp('followed.starts_at')],
        ])) }} as row_hash
    from followed
)

select * from final
