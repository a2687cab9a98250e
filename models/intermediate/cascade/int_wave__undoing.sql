-- What names what it undoes and found no partner in the passes before: a credit memo
-- covers its invoice; a payment that went back whole covers itself.
with

open_items as (select * from {{ ref('int_open__after_likeness') }}),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where pass = 'related_items' and relation = 'exact' and rollout = 'stable'
),

undone as (

    {{ undone_matches() }}

),

-- matches of one side alone, such as this pass makes
undone_items as (
    select allocations.item_key
    from (
        select
            allocations.*,
            min(allocations.side) over (partition by allocations.match_id) as least_side,
            max(allocations.side) over (partition by allocations.match_id) as greatest_side
        from {{ ref('int_journal__allocations') }} as allocations
    ) as allocations
    inner join undone
        on allocations.match_id = undone.match_id
    where allocations.least_side = allocations.greatest_side
),

-- What a person took apart stays apart: of its documents, none is closed here again.
taken_apart as (
    select distinct
        open_items.anchor_item_key,
        open_items.side
    from open_items
    inner join undone_items
        on open_items.item_key = undone_items.item_key
    where open_items.item_key <> open_items.anchor_item_key
),

groups as (
    select
        open_items.anchor_item_key as group_name,
        open_items.side,
        sum(case when open_items.remaining_amount > 0 then open_items.remaining_amount end)
            as positive_total,
        -sum(case when open_items.remaining_amount < 0 then open_items.remaining_amount end)
            as negative_total
    from open_items
    left join taken_apart
        on
            open_items.anchor_item_key = taken_apart.anchor_item_key
            and open_items.side = taken_apart.side
    where taken_apart.anchor_item_key is null
    group by open_items.anchor_item_key, open_items.side
    having
        count(distinct open_items.currency) = 1
        and max(open_items.remaining_amount) > 0
        and min(open_items.remaining_amount) < 0
),

ranges as (
    select
        open_items.*,
        groups.group_name,
        cast(least(groups.positive_total, groups.negative_total) as {{ amount_type() }})
            as covered_total,
        coalesce(
            sum(abs(open_items.remaining_amount)) over (
                partition by
                    groups.group_name, case when open_items.remaining_amount < 0 then 1 else 0 end
                order by open_items.event_date nulls last, open_items.item_key nulls last
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as range_start
    from open_items
    inner join groups
        on
            open_items.anchor_item_key = groups.group_name
            and open_items.side = groups.side
    where groups.side = 'expected' or groups.positive_total = groups.negative_total
),

covered as (
    select
        ranges.*,
        cast(
            greatest(
                {{ zero() }},
                least(abs(ranges.remaining_amount), ranges.covered_total - ranges.range_start)
            ) as {{ amount_type() }}
        ) as part
    from ranges
),

-- an item that nothing is left for belongs to the match too, or it would seem to arrive later
final as (
    select
        rules.pass,
        covered.group_name,
        rules.rule_id,
        rules.rule_version,
        rules.relation,
        cast(null as {{ dbt.type_string() }}) as ambiguity,
        'the document that it undoes' as evidence,
        covered.covered_total as expected_total,
        covered.covered_total as actual_total,
        covered.item_key,
        covered.currency as match_currency,
        case when covered.remaining_amount < 0 then -covered.part else covered.part end
            as allocated_amount,
        {{ zero() }} as adjusted_amount,
        case when covered.remaining_amount < 0 then -covered.part else covered.part end
            as match_amount,
        {{ zero() }} as match_adjusted_amount
    from covered
    inner join rules
        on covered.reconciliation = rules.reconciliation
)

select * from final
