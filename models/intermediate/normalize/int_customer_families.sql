-- The family of each customer, named by the customer at the top of its parents. A parent need not
-- be in the feed. Parents in a circle of up to six are one family, named by the least of them; what
-- more than nine levels reach is named by the least of the last six.
{%- set levels = 8 %}
{%- set circle = 6 %}
with

customers as (select * from {{ ref('stg_crm__customers') }}),

final as (
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
    left join customers as grand_parents_1
        on customers.parent_customer_id = grand_parents_1.customer_id
    {%- for level in range(2, levels + 1) %}
    left join customers as grand_parents_{{ level }}
        on grand_parents_{{ level - 1 }}.parent_customer_id = grand_parents_{{ level }}.customer_id
    {%- endfor %}
)

select * from final
