{#-
    CTE `declined_pairs`: which of a pass's links people have declined, from its CTE `declined` (the
    model int_declined_pairs). A pair that was declined by itself, and the pairs of a declined group
    when the pass would put the whole group together again. A part of that group is another group.
    links: a CTE with `expected_unit` and `actual_unit`.
-#}
{% macro declined_among(links) %}
regrouped as (
    select declined.declined_group
    from declined
    inner join {{ links }} as links
        on
            declined.expected_item_key = links.expected_unit
            and declined.actual_item_key = links.actual_unit
    where declined.declined_group is not null
    group by declined.declined_group
    having
        count(distinct links.expected_unit) + count(distinct links.actual_unit)
        = max(declined.group_units)
),

declined_pairs as (
    select distinct
        declined.expected_item_key,
        declined.actual_item_key
    from declined
    left join regrouped
        on declined.declined_group = regrouped.declined_group
    where declined.declined_group is null or regrouped.declined_group is not null
)
{%- endmacro %}
