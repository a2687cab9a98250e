{#-
    CTE `customer_families`: the family of each customer of the CTE `customers`, named by the customer
    at the top of its parents. A parent need not be in the feed. Parents in a circle of up to six are
    one family, named by the least of them; what more than nine levels reach is named by the least of
    the last six.
-#}
{% macro customer_families() %}
{%- set levels = 8 %}
{%- set circle = 6 %}
customer_families as (
    select
        customers.customer_id,
        case
            when grand_parents_{{ levels }}.parent_customer_id is not null
                then least(
                    {%- for level in range(levels - circle + 1, levels + 1) %}
                    grand_parents_{{ level }}.parent_customer_id{{ ',' if not loop.last }}
                    {%- endfor %}
                )
            else coalesce(
                {%- for level in range(levels - 1, 0, -1) %}
                grand_parents_{{ level }}.parent_customer_id,
                {%- endfor %}
                customers.parent_customer_id,
                customers.customer_id
            )
        end as family_id
    from customers
    {%- for level in range(1, levels + 1) %}
    left join customers as grand_parents_{{ level }}
        on {{ 'customers' if level == 1 else 'grand_parents_' ~ (level - 1) }}.parent_customer_id
        = grand_parents_{{ level }}.customer_id
    {%- endfor %}
)
{% endmacro %}
