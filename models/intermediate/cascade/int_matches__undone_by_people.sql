-- Which matches people want undone, and who said so first.
with

decisions as (select * from {{ ref('stg_review__decisions') }}),

final as (
    select
        decisions.match_id,
        min_by(
            decisions.actor, {{ iso_timestamp('decisions.decided_at') }} || decisions.decision_id
        ) as actor
    from decisions
    where
        decisions.action in ('unmatch', 'reject_match')
        and decisions.match_id is not null
        and decisions.decided_at <= {{ as_of() }}
    group by decisions.match_id
)

select * from final
