{#-
    CTE `customer_families`: the family of each customer of the CTE `customers`, named by the customer
    at the top of its parents. A parent need not be in the feed. Parents in a circle are one family,
    named by the least of the last three; what more than five levels reach is named in that way too.
-#}
{% macro customer_families() %}
customer_families as (
    select
        customers.customer_id,
        case
            when grand_parents_4.parent_customer_id is not null
                then least(
                    grand_parents_2.parent_customer_id,
                    grand_parents_3.parent_customer_id,
                    grand_parents_4.parent_customer_id
                )
            else coalesce(
                grand_parents_3.parent_customer_id,
                grand_parents_2.parent_customer_id,
                grand_parents_1.parent_customer_id,
                customers.parent_customer_id,
                customers.customer_id
            )
        end as family_id
    from customers
    left join customers as grand_parents_1
        on customers.parent_customer_id = grand_parents_1.customer_id
    left join customers as grand_parents_2
        on grand_parents_1.parent_customer_id = grand_parents_2.customer_id
    left join customers as grand_parents_3
        on grand_parents_2.parent_customer_id = grand_parents_3.customer_id
    left join customers as grand_parents_4
        on grand_parents_3.parent_customer_id = grand_parents_4.customer_id
)
{% endmacro %}
