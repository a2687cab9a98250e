-- Guards the trial of a new rule version on a share of parties. Tolerance, ceiling and closing are
-- tried, because settling reads them by party; which items are looked at together (days, margin,
-- and the probability that the probabilistic pass asks for) follows the stable version for all.
-- Broken, a canary would seem to be tried, and its comparison would show no difference.
with

rules as (select * from {{ ref('int_match_rules__valid') }}),

final as (
    select
        canaries.rule_id,
        canaries.rule_version
    from rules as canaries
    inner join rules as stable
        on canaries.rule_id = stable.rule_id
    where
        canaries.rollout = 'canary'
        and stable.rollout = 'stable'
        and (
            canaries.days_before is distinct from stable.days_before
            or canaries.days_after is distinct from stable.days_after
            or canaries.days_margin is distinct from stable.days_margin
            or (
                canaries.pass = 'probabilistic'
                and canaries.confidence is distinct from stable.confidence
            )
        )
)

select * from final
