{#-
    Every subset of a target's few members, second of three steps, as CTEs `barred` to `subsets`:
    those that add up to the target. What a choice among the odd members leaves is looked up among
    the sums of the even ones. Nothing takes a member that a person has declined for the target.

    Reads `targets`, `dealt`, `half_sums`, `declined_members`. Yields `subsets`, one row per target
    and subset of at least smallest_set members that fits, told by the masks of its halves.
-#}
{% macro fit_subsets(smallest_set) %}
barred as (
    select
        dealt.target_unit,
        bit_or(case when dealt.half = 1 then dealt.bit else 0 end) as odd_mask,
        bit_or(case when dealt.half = 0 then dealt.bit else 0 end) as even_mask
    from dealt
    inner join declined_members
        on
            dealt.target_unit = declined_members.target_unit
            and dealt.unit_key = declined_members.member_unit
    group by dealt.target_unit
),

odd_rests as (
    select
        targets.target_unit,
        half_sums.mask,
        half_sums.taken,
        coalesce(barred.even_mask, 0) as barred_mask,
        cast(targets.amount - half_sums.amount as decimal(18, 4)) as rest
    from targets
    inner join half_sums
        on targets.target_unit = half_sums.target_unit
    left join barred
        on targets.target_unit = barred.target_unit
    where half_sums.half = 1 and (half_sums.mask & coalesce(barred.odd_mask, 0)) = 0
),

even_sums as (
    select * from half_sums
    where half = 0
),

subsets as (
    select
        odd_rests.target_unit,
        odd_rests.mask as odd_mask,
        even_sums.mask as even_mask,
        odd_rests.taken + even_sums.taken as member_count
    from odd_rests
    inner join even_sums
        on
            odd_rests.target_unit = even_sums.target_unit
            and odd_rests.rest = even_sums.amount
    where
        (even_sums.mask & odd_rests.barred_mask) = 0
        and odd_rests.taken + even_sums.taken >= {{ smallest_set }}
)
{%- endmacro %}
