-- What is known for certain about pairs: the deterministic matches of one item with one, and what
-- reviewers have approved or declined.
{{ config(tags=['training']) }}

with

matches as (select * from {{ ref('int_matches__decided') }}),

allocations as (select * from {{ ref('int_match_allocations') }}),

declined_pairs as (
    select *
    from {{ ref('int_declined_pairs') }}
    where declined_group is null
),

singles as (
    select
        allocations.match_id,
        min(case when allocations.side = 'expected' then allocations.item_key end) as expected_unit,
        min(case when allocations.side = 'actual' then allocations.item_key end) as actual_unit
    from allocations
    group by allocations.match_id
    having
        count(case when allocations.side = 'expected' then 1 end) = 1
        and count(case when allocations.side = 'actual' then 1 end) = 1
),

final as (
    select distinct
        matches.reconciliation,
        singles.expected_unit,
        singles.actual_unit,
        true as is_match
    from matches
    inner join singles
        on matches.match_id = singles.match_id
    where
        matches.is_live
        and (
            matches.decision = 'approved'
            or matches.method in ('deterministic', 'manual')
        )
    union all
    select distinct
        split_part(declined_pairs.expected_item_key, '|', 1) as reconciliation,
        declined_pairs.expected_item_key as expected_unit,
        declined_pairs.actual_item_key as actual_unit,
        false as is_match
    from declined_pairs
)

select * from final
