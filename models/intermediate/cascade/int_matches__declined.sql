-- Suggestions and orders to which a person's last word is no.
with

decisions as (
    select
        review_decisions.match_id,
        max_by(
            review_decisions.action,
            {{ iso_timestamp('review_decisions.decided_at') }} || review_decisions.decision_id
        ) as action
    from {{ ref('stg_review__decisions') }} as review_decisions
    where
        review_decisions.action in ('approve_match', 'reject_match')
        and review_decisions.decided_at <= {{ as_of() }}
        and review_decisions.match_id is not null
    group by review_decisions.match_id
),

final as (
    select decisions.match_id
    from decisions
    where decisions.action = 'reject_match'
)

select * from final
