-- One row: how much was closed by rules alone, how much of it was looked at and found false, and
-- how many rules a person should look at.
with counted as (
    select
        fct_matches.currency,
        count(*) filter (fct_matches.decision = 'auto_closed') as closed_count,
        sum(fct_matches.amount) filter (fct_matches.decision = 'auto_closed') as closed_amount,
        count(*) filter (fct_matches.decision = 'approved') as approved_count,
        count(*) filter (fct_matches.decision in ('suggested', 'pending_approval'))
            as waiting_count,
        count(*) filter (fct_matches.decision = 'reversed') as reversed_count
    from marts.fct_matches
    group by fct_matches.currency
),

totals as (
    select
        cast(coalesce(sum(counted.closed_count), 0) as bigint) as closed_count,
        cast(coalesce(sum(counted.approved_count), 0) as bigint) as approved_count,
        cast(coalesce(sum(counted.waiting_count), 0) as bigint) as waiting_count,
        cast(coalesce(sum(counted.reversed_count), 0) as bigint) as reversed_count,
        case
            when
                count(*) filter (counted.closed_amount <> 0)
                = count(*) filter (counted.closed_amount <> 0 and dim_currencies.rate is not null)
                then
                    cast(
                        coalesce(sum(counted.closed_amount * dim_currencies.rate), 0)
                        as decimal(38, 2)
                    )
        end as base_amount
    from counted
    left join marts.dim_currencies
        on counted.currency = dim_currencies.currency
),

sample as (
    select
        count(*) as sampled_count,
        count(*) filter (fct_audit_sample.outcome <> 'open') as judged_count,
        count(*) filter (fct_audit_sample.outcome = 'false') as false_count
    from marts.fct_audit_sample
),

rules as (
    select
        count(*) filter (dim_rules.breaker_state = 'open') as stopped_count,
        count(*) filter (
            dim_rules.closes_by_itself
            and not dim_rules.is_certified
            and dim_rules.certification = 'by_construction'
        ) as lost_count,
        count(*) filter (dim_rules.canary_share < 1) as canary_count
    from marts.dim_rules
    where dim_rules.is_in_force
)

select
    totals.closed_count,
    totals.approved_count,
    totals.waiting_count,
    totals.reversed_count,
    totals.base_amount,
    sample.sampled_count,
    sample.judged_count,
    sample.false_count,
    rules.stopped_count,
    rules.lost_count,
    rules.canary_count
from totals
cross join sample
cross join rules
