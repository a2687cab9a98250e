{#-
    Sets among many members, second of three steps, as CTEs `blocks` to `block_members`: ranges of
    members that one sum reaches, which also a payment of a large party may be for. The oldest ones,
    all of one month, all of one purchase order.

    Reads `targets` (payments that are not searched whole) and `joined_members`. Yields
    `block_members`, one row per target, block that adds up, and member.
-#}
{% macro join_blocks() %}
blocks as (
    select
        joined_members.party_number,
        joined_members.running_total as amount,
        'oldest' as kind,
        cast(joined_members.place as {{ dbt.type_string() }}) as block_name,
        joined_members.place as member_count
    from joined_members
    union all
    select
        joined_members.party_number,
        sum(joined_members.amount) as amount,
        'month' as kind,
        {{ iso_month('joined_members.event_date') }} as block_name,
        count(*) as member_count
    from joined_members
    group by joined_members.party_number, {{ iso_month('joined_members.event_date') }}
    union all
    select
        joined_members.party_number,
        sum(joined_members.amount) as amount,
        'purchase_order' as kind,
        joined_members.purchase_order_number as block_name,
        count(*) as member_count
    from joined_members
    where joined_members.purchase_order_number is not null
    group by joined_members.party_number, joined_members.purchase_order_number
),

found_blocks as (
    select
        targets.target_unit,
        targets.party_number,
        blocks.kind,
        blocks.block_name
    from targets
    inner join blocks
        on targets.party_number = blocks.party_number and targets.amount = blocks.amount
    where
        targets.is_payment
        and not targets.is_searched_whole
        -- up to four are found by their places, where the party is not too large
        and blocks.member_count > case when targets.is_large then 1 else 4 end
),

block_members as (
    select
        found_blocks.target_unit,
        found_blocks.kind || '.' || found_blocks.block_name as set_name,
        joined_members.unit_key,
        joined_members.event_date
    from found_blocks
    inner join joined_members
        on
            found_blocks.party_number = joined_members.party_number
            and case found_blocks.kind
                when 'oldest' then joined_members.place <= cast(found_blocks.block_name as bigint)
                when 'month'
                    then {{ iso_month('joined_members.event_date') }} = found_blocks.block_name
                else coalesce(joined_members.purchase_order_number, '') = found_blocks.block_name
            end
)
{%- endmacro %}
