{#-
    Second step of comparing pairs, as CTEs `steps` to `pairs`: units of both sides that share a
    block, in neighbouring steps, no farther apart than the rule's tolerance and days. Not a pair
    that people have declined.

    Reads `blocks`, `stepped`, `declined`. Yields `pairs`, one row per pair.
-#}
{% macro pair_units() %}
steps as (
    select -1 as step
    union all
    select 0 as step
    union all
    select 1 as step
),

blocked as (
    select distinct
        expected_blocks.unit_key as expected_unit,
        actual_blocks.unit_key as actual_unit
    from blocks as expected_blocks
    cross join steps as amount_steps
    cross join steps as day_steps
    inner join blocks as actual_blocks
        on
            expected_blocks.scope = actual_blocks.scope
            and expected_blocks.block_key = actual_blocks.block_key
            and expected_blocks.amount_step + amount_steps.step = actual_blocks.amount_step
            and expected_blocks.day_step + day_steps.step = actual_blocks.day_step
    where expected_blocks.side = 'expected' and actual_blocks.side = 'actual'
),

candidates as (
    select
        expected_units.reconciliation,
        blocked.expected_unit,
        blocked.actual_unit,
        expected_units.unit_amount as expected_amount,
        actual_units.unit_amount as actual_amount,
        expected_units.family_id as expected_family,
        actual_units.family_id as actual_family,
        {{ days_between('expected_units.event_date', 'actual_units.event_date') }} as days_apart,
        expected_units.is_within_party
    from blocked
    inner join stepped as expected_units
        on blocked.expected_unit = expected_units.unit_key
    inner join stepped as actual_units
        on blocked.actual_unit = actual_units.unit_key
    where
        {{ days_between('expected_units.event_date', 'actual_units.event_date') }}
        between -expected_units.days_before and expected_units.days_after
        and abs(expected_units.unit_amount - actual_units.unit_amount)
        <= expected_units.tolerance_relative
        * greatest(abs(expected_units.unit_amount), abs(actual_units.unit_amount))
),

pairs as (
    select candidates.*
    from candidates
    left join declined
        on
            candidates.expected_unit = declined.expected_item_key
            and candidates.actual_unit = declined.actual_item_key
    where declined.expected_item_key is null
)
{%- endmacro %}
