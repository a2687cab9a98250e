{#-
    Fourth step of settling, as CTEs `sided_items` to `allocated`: how much of each item the other side
    covers.

    Reads `priced_items`, `ruled`, `item_allowances`. Yields `allocated`, one row an item of a group.
-#}
{% macro allocate_groups() %}
-- Ranges: what is to be covered (documents, money that went back) against what covers it (money
-- that came in, credit memos). An item is allocated where its range meets the other side's total.
-- Money that went back, and credit memos, come first.
sided_items as (
    select
        priced_items.*,
        ruled.relation,
        case
            when priced_items.side = 'expected' and priced_items.remaining_in_match > 0
                then 'to_cover'
            when priced_items.side = 'actual' and priced_items.remaining_in_match < 0
                then 'to_cover'
            else 'covering'
        end as role,
        case
            when priced_items.side = 'expected' and priced_items.remaining_in_match < 0 then 0
            when priced_items.side = 'actual' and priced_items.remaining_in_match < 0 then 0
            else 1
        end as precedence,
        case
            when ruled.relation = 'advised' and priced_items.side = 'expected'
                then least(abs(priced_items.remaining_in_match), priced_items.stated_amount)
            -- each document bears its own allowance
            when abs(item_allowances.amount) < abs(priced_items.remaining_in_match)
                then abs(priced_items.remaining_in_match) - abs(item_allowances.amount)
            else abs(priced_items.remaining_in_match)
        end as capacity
    from priced_items
    inner join ruled
        on priced_items.group_name = ruled.group_name
    left join item_allowances
        on
            priced_items.group_name = item_allowances.group_name
            and priced_items.item_key = item_allowances.item_key
            and ruled.relation = item_allowances.kind
            and ruled.explanation_basis = item_allowances.basis
            and item_allowances.side = 'expected'
),

-- where both sides are equal all is covered, in whatever order: most groups need no sorting
sides as (
    select
        sided_items.group_name,
        {{ side_total('to_cover') }} as to_cover_total,
        {{ side_total('covering') }} as covering_total
    from sided_items
    group by sided_items.group_name
),

ranges as (
    select
        sided_items.*,
        {{ zero() }} as range_start,
        sides.to_cover_total as covered_total
    from sided_items
    inner join sides
        on sided_items.group_name = sides.group_name
    where sides.to_cover_total = sides.covering_total
    union all
    select
        sided_items.*,
        cast(
            coalesce(
                sum(sided_items.capacity) over (
                    partition by sided_items.group_name, sided_items.role
                    order by
                        sided_items.precedence nulls last,
                        sided_items.event_date nulls last,
                        sided_items.item_key nulls last
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as {{ amount_type() }}
        ) as range_start,
        least(sides.to_cover_total, sides.covering_total) as covered_total
    from sided_items
    inner join sides
        on sided_items.group_name = sides.group_name
    where sides.to_cover_total <> sides.covering_total
),

covered as (
    select
        ranges.*,
        greatest(
            {{ zero() }}, least(ranges.capacity, ranges.covered_total - ranges.range_start)
        ) as covered_in_match
    from ranges
),

allocated as (
    select
        covered.*,
        covered.covered_in_match as match_part,
        case
            when covered.covered_in_match = abs(covered.remaining_in_match)
                then abs(covered.remaining_amount)
            when covered.currency = covered.match_currency then covered.covered_in_match
            else {{ decimal_divide(
                'cast(abs(covered.remaining_amount) * covered.covered_in_match as '
                ~ amount_type() ~ ')',
                'abs(covered.remaining_in_match)',
                'covered.minor_digits'
            ) }}
        end as item_part
    from covered
)
{%- endmacro %}


{% macro side_total(role) -%}
sum(case when sided_items.role = '{{ role }}' then sided_items.capacity else {{ zero() }} end)
{%- endmacro %}
