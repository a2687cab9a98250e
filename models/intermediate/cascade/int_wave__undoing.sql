-- The last wave. What undoes something and found no partner in the waves before: a credit memo
-- covers the invoice that it names, or the one that it equals; a payment that went back whole
-- covers itself.
with

equal_credits as (select * from {{ ref('int_credit_memos__equal') }}),

open_items as (
    select
        still_open.*,
        coalesce(equal_credits.invoice_key, still_open.anchor_item_key) as undone_key,
        case when equal_credits.memo_key is not null then 1 else 0 end as is_equal_credit
    from {{ ref('int_open__after_likeness') }} as still_open
    left join equal_credits
        on still_open.item_key = equal_credits.memo_key
),

rules as (
    select *
    from {{ ref('int_match_rules__valid') }}
    where
        pass in ('related_items', 'equal_credit')
        and relation = 'exact'
        and rollout = 'stable'
),

-- what people took apart of one side alone, such as this pass makes
undone_items as (
    select reversed_allocations.item_key
    from (
        select
            allocations.match_id,
            allocations.item_key,
            min(allocations.side) over (partition by allocations.match_id) as least_side,
            max(allocations.side) over (partition by allocations.match_id) as greatest_side
        from {{ ref('int_allocations__reversed') }} as allocations
        where allocations.reason = 'undone_by_a_person'
    ) as reversed_allocations
    where reversed_allocations.least_side = reversed_allocations.greatest_side
),

-- What a person took apart stays apart: of its documents, none is closed here again.
taken_apart as (
    select distinct
        open_items.undone_key,
        open_items.side
    from open_items
    inner join undone_items
        on open_items.item_key = undone_items.item_key
    where open_items.item_key <> open_items.undone_key
),

groups as (
    select
        open_items.undone_key as group_name,
        open_items.side,
        case when max(open_items.is_equal_credit) = 1 then 'equal_credit' else 'related_items' end
            as pass,
        sum(case when open_items.remaining_amount > 0 then open_items.remaining_amount end)
            as positive_total,
        -sum(case when open_items.remaining_amount < 0 then open_items.remaining_amount end)
            as negative_total
    from open_items
    left join taken_apart
        on
            open_items.undone_key = taken_apart.undone_key
            and open_items.side = taken_apart.side
    where taken_apart.undone_key is null
    group by open_items.undone_key, open_items.side
    having
        count(distinct open_items.currency) = 1
        and max(open_items.remaining_amount) > 0
        and min(open_items.remaining_amount) < 0
),

ranges as (
    select
        open_items.*,
        groups.group_name,
        groups.pass,
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
            open_items.undone_key = groups.group_name
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
        case
            when not rules.closes_by_itself then rules.why_a_person
            when
                max(
                    case
                        when {{ list_contains('rules.paused_customers', 'covered.party_id') }}
                            then 1
                    end
                ) over (partition by covered.group_name) = 1
                then 'closing_paused'
        end as ambiguity,
        case
            when covered.pass = 'equal_credit' then 'the one document that it equals'
            else 'the document that it undoes'
        end as evidence,
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
        on
            covered.reconciliation = rules.reconciliation
            and covered.pass = rules.pass
)

select * from final
